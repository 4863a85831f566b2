namespace ModelRunner.Configuration;

/// <summary>The type of an option's value.</summary>
internal enum OptionKind
{
    /// <summary>A file or folder; <c>~/</c> is the home folder.</summary>
    Path,

    /// <summary>A string that is never shown.</summary>
    Secret,

    /// <summary>An IP address or <c>localhost</c>.</summary>
    Address,

    /// <summary>A whole number.</summary>
    Integer,

    /// <summary>A duration, as <see cref="DurationText"/> reads it. Ranges are in milliseconds.</summary>
    Duration,

    /// <summary>A duration. A negative one means no limit. Ranges are in milliseconds.</summary>
    KeepAlive,

    /// <summary>A byte size, as <see cref="ByteSizeText"/> reads it.</summary>
    Bytes,

    /// <summary>Bytes per second: a byte size, which may end in <c>/s</c>.</summary>
    Rate,

    /// <summary>On or off, as <see cref="SwitchText"/> reads it.</summary>
    Switch,

    /// <summary>A log level.</summary>
    Level,

    /// <summary>Browser origins: a list in the file, separated by commas elsewhere.</summary>
    Origins,

    /// <summary>Host names: a list in the file, separated by commas elsewhere.</summary>
    Hosts,

    /// <summary>Servers, with a port if it is not the usual one: a list in the file, separated by commas elsewhere.</summary>
    Servers,

    /// <summary>Addresses of servers with their scheme: a list in the file, separated by commas elsewhere.</summary>
    Mirrors,

    /// <summary>Names of <see cref="SourceKind"/>: a list in the file, separated by commas elsewhere.</summary>
    Sources,

    /// <summary>Numbers of processors, as <see cref="Linux.Processes.ProcessorSet"/> reads them.</summary>
    Processors,

    /// <summary>Arguments of llama-server: a list or one string with quotes.</summary>
    Arguments,
}
