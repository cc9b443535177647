Agents for FreeBSD and Linux come along: Service and BSDService, Filesystem, Delay, MailTo.
