using System.CommandLine;
using System.Text.Json;
using ModelRunner.Client;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Terminals;
using ModelRunner.Store.Archives;
using ModelRunner.Store.Names;

namespace ModelRunner.Cli;

/// <summary><c>model-runner load</c>: loads a model from a tar archive into the daemon's store.</summary>
internal sealed class LoadCommand : ClientCommand
{
    private const int BufferSize = 1024 * 1024;
    private const int MaxShown = 200;

    private readonly Option<string> _input = new("--input", "-i")
    {
        Description = "The archive, or - for standard input", HelpName = "FILE", Required = true,
    };

    private readonly Option<string> _name = new("--name")
    {
        Description = "The name that the model gets; without it, the one in the archive, unless another model has it", HelpName = "NAME",
    };

    public LoadCommand(CliContext context)
        : base("load", "Load a model from a tar archive", context)
    {
        Add(_input);
        Add(_name);
    }

    protected override async Task<int> RunAsync(ParseResult result, DaemonClient client, Interrupt interrupt)
    {
        string name = result.GetValue(_name) ?? "";
        if (result.GetValue(_name) is not null && !ArtifactNameParser.TryParse(name, out _, out string? problem))
            throw new CliFailure($"--name: \"{PlainText.EscapeAndCut(name, MaxShown)}\" {problem}", ExitCode.Usage);
        string path = result.GetValue(_input) ?? "";
        if (path == "-" && Console.IsInputTerminal)
            throw new CliFailure("an archive cannot be typed; name a file with -i FILE, or use a pipe", ExitCode.Usage);
        await using Stream archive = path == "-" ? StandardStream.OpenInput() : Open(path);
        var upload = new ModelUpload(Context, client);
        using JsonDocument loaded = await SendAsync(upload, name, archive, path, interrupt.Ended);
        upload.Show(loaded, "Loaded", IsJson(result));
        return ExitCode.Success;
    }

    private static async Task<JsonDocument> SendAsync(ModelUpload upload, string name, Stream archive, string path, CancellationToken cancellation)
    {
        try
        {
            return await upload.SendAsync(
                name, archive.CanSeek ? archive.Length : null, (target, count, token) => CopyAsync(archive, path, target, count, token), cancellation);
        }
        catch (CliFailure failure) when (path != "-" && failure.Message.StartsWith(ArchiveException.Subject, StringComparison.Ordinal))
        {
            throw new CliFailure($"\"{PlainText.EscapeAndCut(path, MaxShown)}\" {failure.Message[ArchiveException.Subject.Length..]}", failure.ExitCode);
        }
    }

    private static FileStream Open(string path)
    {
        // A pipe with a name is read as standard input is.
        if (FileStatus.Of(path).Kind is FileKind.Regular or FileKind.Missing or FileKind.Folder or FileKind.Denied)
            return RegularFile.Open(path) ?? throw new CliFailure($"\"{path}\" {PathProblem.OfFile(path)}", ExitCode.Failure);
        return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
    }

    private static async Task CopyAsync(Stream archive, string path, Stream target, Action<int> count, CancellationToken cancellation)
    {
        byte[] buffer = new byte[BufferSize];
        while (await ReadAsync(archive, path, buffer, cancellation) is > 0 and var read)
        {
            await target.WriteAsync(buffer.AsMemory(0, read), cancellation);
            count(read);
        }
    }

    private static async ValueTask<int> ReadAsync(Stream archive, string path, byte[] buffer, CancellationToken cancellation)
    {
        try
        {
            return await archive.ReadAsync(buffer, cancellation);
        }
        catch (IOException failure)
        {
            throw new CliFailure($"\"{path}\" cannot be read: {failure.Message}", ExitCode.Failure);
        }
    }
}
