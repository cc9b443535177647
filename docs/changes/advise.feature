`hactl advise` finds, by simulation, the shortest `deadtime` that takes no living node for dead under given losses and stalls, and says why.
