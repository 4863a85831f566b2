namespace ModelRunner.Configuration;

/// <summary>Where a value was written. A later member yields to an earlier one.</summary>
internal enum OptionSource
{
    /// <summary>The command line.</summary>
    Flag,

    /// <summary>An environment variable.</summary>
    Environment,

    /// <summary>The configuration file.</summary>
    File,
}
