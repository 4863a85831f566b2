namespace ModelRunner.Configuration;

/// <summary>The source of a value. Earlier members override later ones.</summary>
internal enum OptionSource
{
    /// <summary>The command line.</summary>
    Flag,

    /// <summary>An environment variable.</summary>
    Environment,

    /// <summary>The configuration file.</summary>
    File,
}
