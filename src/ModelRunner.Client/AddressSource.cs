namespace ModelRunner.Client;

/// <summary>Who says where the daemon is.</summary>
internal enum AddressSource
{
    /// <summary>The flag <c>--host</c>.</summary>
    Flag,

    /// <summary>An environment variable.</summary>
    Environment,

    /// <summary>The configuration file.</summary>
    File,

    /// <summary>Nobody: the socket that lies in the working directory.</summary>
    WorkingDirectory,

    /// <summary>The registry of running daemons.</summary>
    Registry,
}
