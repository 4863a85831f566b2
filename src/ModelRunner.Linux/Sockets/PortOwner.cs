namespace ModelRunner.Linux.Sockets;

/// <summary>Whose programs listen on a port.</summary>
internal enum PortOwner
{
    /// <summary>No program listens.</summary>
    Nobody,

    /// <summary>All programs belong to this user, to root, or to another trusted user.</summary>
    Trusted,

    /// <summary>At least one program belongs to another user.</summary>
    Stranger,
}
