using ModelRunner.Configuration;

namespace ModelRunner.Cli;

/// <summary>What a command needs besides its arguments.</summary>
/// <param name="Console">Where it reads and writes.</param>
/// <param name="Options">The environment and the working directory, in which the daemon is looked for.</param>
/// <param name="Time">The clock.</param>
internal sealed record CliContext(CliConsole Console, DaemonOptions Options, TimeProvider Time);
