using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ModelRunner.Client;
using ModelRunner.Configuration;
using ModelRunner.Linux.Terminals;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Names;

namespace ModelRunner.Cli;

/// <summary><c>model-runner package</c>: makes a model artifact of a GGUF file and loads it into the daemon's store.</summary>
internal sealed class PackageCommand : ClientCommand
{
    private const string EpochVariable = "SOURCE_DATE_EPOCH";
    private const int MaxShown = 200;

    private readonly Argument<string> _model = new("MODEL") { Description = "The name of the model, for example ai/mine:q4" };

    private readonly Option<string> _gguf = new("--gguf")
    {
        Description = "The GGUF file, or the first of its parts; the others are found", HelpName = "FILE", Required = true,
    };

    private readonly Option<string[]> _license = new("--license") { Description = "The text of a licence; may be repeated", HelpName = "FILE" };
    private readonly Option<string> _template = new("--chat-template") { Description = "A chat template in Jinja's language", HelpName = "FILE" };
    private readonly Option<string> _projector = new("--mmproj") { Description = "The image projector, a GGUF file", HelpName = "FILE" };

    private readonly Option<int?> _context = new("--context-size")
    {
        Description = "The context in tokens; without it, that for which the model was trained is written, and runners choose", HelpName = "N",
    };

    private readonly Option<bool> _push = new("--push") { Description = "Send the model to the registry of its name" };

    public PackageCommand(CliContext context)
        : base("package", "Make a model of a GGUF file", context)
    {
        Add(_model);
        Add(_gguf);
        Add(_license);
        Add(_template);
        Add(_projector);
        Add(_context);
        Add(_push);
    }

    protected override async Task<int> RunAsync(ParseResult result, DaemonClient client, Interrupt interrupt)
    {
        string name = result.GetValue(_model) ?? "";
        if (!ArtifactNameParser.TryParse(name, out ArtifactName? parsed, out string? problem) || parsed!.Pin is not null)
            throw new CliFailure(
                $"the name \"{PlainText.EscapeAndCut(name, MaxShown)}\" {problem ?? "has a digest, which follows from the files"}", ExitCode.Usage);
        int? context = ContextFlag.Check(result.GetValue(_context));
        if (!OpenSslLibrary.IsPresent())
            throw new CliFailure($"packaging a model needs OpenSSL; {OpenSslLibrary.Remedy}", ExitCode.Failure);

        using var reading = new TransferProgress(Context, "read", null);
        ModelPackage package = await new ModelPackager(ReadTime(), reading).MakeAsync(result.GetValue(_gguf) ?? "", Others(result), context, interrupt.Ended);
        reading.Dispose();
        var upload = new ModelUpload(Context, client);
        using JsonDocument loaded = await upload.SendAsync(name, package.Length, package.WriteAsync, interrupt.Ended);
        upload.Show(loaded, "Packaged", IsJson(result));
        if (!result.GetValue(_push))
            return ExitCode.Success;
        string message = await new ProgressFollower(Console, client, Context.Time).PushAsync(name, IsJson(result), interrupt.Ended);
        if (!IsJson(result))
            Console.WriteLine(message);
        return ExitCode.Success;
    }

    private List<(string Type, string Path)> Others(ParseResult result)
    {
        List<(string Type, string Path)> others = [.. (result.GetValue(_license) ?? []).Select(static path => (MediaTypes.License, path))];
        if (result.GetValue(_projector) is { } projector)
            others.Add((MediaTypes.Projector, projector));
        if (result.GetValue(_template) is { } template)
            others.Add((MediaTypes.ChatTemplate, template));
        return others;
    }

    // Builds that must give equal bytes set this variable (reproducible-builds.org).
    private DateTimeOffset ReadTime()
    {
        if (Context.Options.Variable(EpochVariable) is not { Length: > 0 } text)
            return Context.Time.GetUtcNow();
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long seconds) && seconds < 253_402_300_800
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : throw new CliFailure(
                $"{EpochVariable} is \"{PlainText.EscapeAndCut(text, MaxShown)}\"; it must be a number of seconds since 1970", ExitCode.Usage);
    }
}
