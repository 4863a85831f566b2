using ModelRunner.Configuration;

namespace ModelRunner.Cli;

/// <summary>The environment of a command.</summary>
/// <param name="Console">The standard streams.</param>
/// <param name="Options">The environment and the working directory, by which the daemon is found.</param>
/// <param name="Time">The clock.</param>
internal sealed record CliContext(CliConsole Console, DaemonOptions Options, TimeProvider Time);
