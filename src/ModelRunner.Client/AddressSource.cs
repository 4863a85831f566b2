namespace ModelRunner.Client;

/// <summary>Where the daemon's address comes from.</summary>
internal enum AddressSource
{
    /// <summary>The flag <c>--host</c>.</summary>
    Flag,

    /// <summary>An environment variable.</summary>
    Environment,

    /// <summary>The configuration file.</summary>
    File,

    /// <summary>No setting: the socket in the working directory.</summary>
    WorkingDirectory,

    /// <summary>The registry of running daemons.</summary>
    Registry,
}
