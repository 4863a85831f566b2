using System.CommandLine;
using ModelRunner.Client;
using ModelRunner.Linux.Files;

namespace ModelRunner.Cli;

/// <summary><c>model-runner save</c>: writes a pulled model to a tar archive.</summary>
internal sealed class SaveCommand : ClientCommand
{
    private const int BufferSize = 1024 * 1024;

    private readonly Argument<string> _model = new("MODEL") { Description = "The model, which was pulled, loaded or packaged, or its id" };

    private readonly Option<string> _output = new("--output", "-o")
    {
        Description = "The file to write, or - for standard output", HelpName = "FILE", Required = true,
    };

    public SaveCommand(CliContext context)
        : base("save", "Write a pulled model to a tar archive", context)
    {
        Add(_model);
        Add(_output);
    }

    protected override async Task<int> RunAsync(ParseResult result, DaemonClient client, Interrupt interrupt)
    {
        string model = result.GetValue(_model) ?? "";
        if (string.IsNullOrWhiteSpace(model))
            throw new CliFailure(UsageCheck.NeedsModel(this), ExitCode.Usage);
        string path = result.GetValue(_output) ?? "";
        if (path.Length == 0)
            throw new CliFailure("-o has an empty name; name a file, or write - for standard output", ExitCode.Usage);
        if (path == "-" && IsJson(result))
            throw new CliFailure("--json cannot be used with -o -, because standard output gets the archive; leave it out, or name a file", ExitCode.Usage);
        if (path == "-" && Console.IsTerminal)
            throw new CliFailure("an archive cannot be written to a terminal; name a file with -o FILE, or use a pipe", ExitCode.Usage);

        // The daemon may have to wait for a scan of the models, so its response may take long.
        using HttpResponseMessage response = await client.GetAsync(ModelPath.Of(model, "export"), TimeSpan.FromMinutes(1), interrupt.Ended);
        client.RequireType(response, "application/x-tar");
        var archive = new SavedArchive(model, path, response.Content.Headers.ContentLength);
        using var progress = new TransferProgress(Context, "saved", archive.Bytes);
        await using Stream body = await response.Content.ReadAsStreamAsync(interrupt.Ended);
        if (path == "-")
            await CopyAsync(body, Console.Out, progress, archive, interrupt.Ended);
        else
            await WriteAsync(archive, body, progress, interrupt.Ended);
        progress.Dispose();
        if (path == "-")
            return ExitCode.Success;
        Console.WriteLine(IsJson(result)
            ? JsonObject.Format(json =>
            {
                json.WriteString("file", path);
                json.WriteNumber("bytes", progress.Bytes);
            })
            : $"Saved {model} to {path} ({FileSizeText.Format(progress.Bytes)}).");
        return ExitCode.Success;
    }

    private static async Task WriteAsync(SavedArchive archive, Stream body, TransferProgress progress, CancellationToken cancellation)
    {
        switch (FileStatus.Of(archive.Path).Kind)
        {
            case FileKind.Folder:
                throw new CliFailure($"\"{archive.Path}\" is a folder; name a file in it", ExitCode.Usage);
            case FileKind.Missing or FileKind.Regular:
                await ReplaceAsync(archive, body, progress, cancellation);
                break;
            default:
                // A pipe or a device is not replaced.
                await using (FileStream file = Open(archive.Path, FileMode.Open, archive))
                    await CopyAsync(body, file, progress, archive, cancellation);
                break;
        }
    }

    // The file gets its name when it is whole, so an archive of this name is never a part of one.
    private static async Task ReplaceAsync(SavedArchive archive, Stream body, TransferProgress progress, CancellationToken cancellation)
    {
        string path = archive.Path;
        string target = FileStatus.OfLink(path).Exists ? File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path : path;
        string partial = $"{target}.{Environment.ProcessId}.part";
        FileStream opened = Open(partial, FileMode.Create, archive);
        bool isWhole = false;
        try
        {
            await using (FileStream file = opened)
            {
                await CopyAsync(body, file, progress, archive, cancellation);
                file.Flush(flushToDisk: true);
            }

            File.Move(partial, target, overwrite: true);
            isWhole = true;
        }
        catch (Exception failure) when (failure is UnauthorizedAccessException or IOException)
        {
            throw archive.NotWritable(failure);
        }
        finally
        {
            if (!isWhole)
                File.Delete(partial);
        }
    }

    private static FileStream Open(string path, FileMode mode, SavedArchive archive)
    {
        try
        {
            return new FileStream(path, mode, FileAccess.Write, FileShare.None, bufferSize: 0);
        }
        catch (Exception failure) when (failure is UnauthorizedAccessException or IOException)
        {
            throw archive.NotWritable(failure);
        }
    }

    private static async Task CopyAsync(Stream body, Stream target, TransferProgress progress, SavedArchive archive, CancellationToken cancellation)
    {
        byte[] buffer = new byte[BufferSize];
        while (await ReadAsync(body, buffer, archive, progress.Bytes, cancellation) is > 0 and var read)
        {
            try
            {
                await target.WriteAsync(buffer.AsMemory(0, read), cancellation);
            }
            catch (IOException failure) when (failure is not OutputException)
            {
                throw archive.NotWritable(failure);
            }

            progress.Add(read);
        }
    }

    private static async ValueTask<int> ReadAsync(Stream body, byte[] buffer, SavedArchive archive, long bytes, CancellationToken cancellation)
    {
        try
        {
            return await body.ReadAsync(buffer, cancellation);
        }
        catch (IOException)
        {
            throw archive.NotComplete(bytes);
        }
    }
}
