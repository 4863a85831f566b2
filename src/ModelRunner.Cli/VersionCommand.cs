using System.CommandLine;
using ModelRunner.Client;
using ModelRunner.Configuration;

namespace ModelRunner.Cli;

/// <summary><c>model-runner version</c>: prints the version of this program.</summary>
internal sealed class VersionCommand : Command
{
    public VersionCommand(CliContext context)
        : base("version", "Print the version of this program")
    {
        var json = new Option<bool>("--json") { Description = "Write only JSON to standard output" };
        Add(json);
        SetAction(result =>
        {
            string compiled = BuildInformation.IsNativeAot ? "native" : "managed";
            context.Console.WriteLine(result.GetValue(json)
                ? ToJson(compiled)
                : $"model-runner {BuildInformation.Version} ({Revision}{BuildInformation.Runtime}, {compiled})");
            return ExitCode.Success;
        });
    }

    private static string Revision => BuildInformation.Revision is { } revision ? $"revision {revision}, " : "";

    private static string ToJson(string compiled)
    {
        return JsonObject.Format(json =>
        {
            json.WriteString("version", BuildInformation.Version);
            if (BuildInformation.Revision is { } revision)
                json.WriteString("revision", revision);
            json.WriteString("runtime", BuildInformation.Runtime);
            json.WriteString("compiled", compiled);
        });
    }
}
