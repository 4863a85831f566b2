using System.CommandLine;
using ModelRunner.Daemon.Diagnostics;

namespace ModelRunner.Daemon.Cli;

/// <summary><c>model-runner version</c>: what this program is.</summary>
internal sealed class VersionCommand : Command
{
    public VersionCommand(CliContext context)
        : base("version", "Print the version of this program") => SetAction(_ =>
        {
            string compiled = BuildInformation.IsNativeAot ? "native" : "managed";
            context.Console.WriteLine($"model-runner {BuildInformation.Version} ({BuildInformation.Runtime}, {compiled})");
            return ExitCode.Success;
        });
}
