using System.Security.Cryptography;
using ModelRunner.Client;
using ModelRunner.Gguf;
using ModelRunner.Linux.Files;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Names;

namespace ModelRunner.Cli;

/// <summary>
/// Makes a model artifact in Docker's format, version 0.1, of a GGUF file and what belongs to it. Equal files give an equal artifact, but for the time at
/// which it was made.
/// </summary>
/// <param name="created">The time that is written into it.</param>
/// <param name="progress">Shows how much was read.</param>
internal sealed class ModelPackager(DateTimeOffset created, TransferProgress progress)
{
    private const int BufferSize = 1024 * 1024;
    private const string ProjectorArchitecture = "clip";

    private readonly List<PackagedFile> _files = [];

    /// <summary>Reads the files and describes the model.</summary>
    /// <param name="gguf">The GGUF file, or the first of its parts.</param>
    /// <param name="others">The other files, with their media types.</param>
    /// <param name="context">The context in tokens; null: that of the model.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="CliFailure">A file is not what it should be.</exception>
    public async Task<ModelPackage> MakeAsync(
        string gguf, IReadOnlyList<(string Type, string Path)> others, int? context, CancellationToken cancellation)
    {
        IReadOnlyList<string> parts = FindParts(gguf);
        GgufHeader[] headers = [.. parts.Select(ReadHeader)];
        GgufHeader first = headers[0];
        if (first.Architecture == ProjectorArchitecture)
            throw new CliFailure($"\"{gguf}\" is an image projector, not a model; give it with --mmproj beside its model", ExitCode.Failure);
        foreach ((string type, string path) in others)
        {
            if (type == MediaTypes.Projector && ReadHeader(path).Architecture != ProjectorArchitecture)
                throw new CliFailure($"\"{path}\" is a model, not an image projector; give it with --gguf", ExitCode.Failure);
        }

        // Runners never get more, so a larger number would be without effect.
        if (first.ContextLength > 0 && context > first.ContextLength)
            throw new CliFailure(
                $"--context-size is {context}, and \"{gguf}\" was trained for {first.ContextLength} tokens, and runners never get more; "
                + $"write at most {first.ContextLength}", ExitCode.Usage);

        foreach (string part in parts)
            await AddAsync(MediaTypes.Gguf, part, cancellation);
        long size = _files.Sum(static file => file.Layer.Size);
        foreach ((string type, string path) in others)
            await AddAsync(type, path, cancellation);
        var config = new ArtifactConfig
        {
            Format = "gguf",
            Architecture = first.Architecture,
            Quantization = QuantizationOf(first),
            Parameters = ParameterCount.Format(headers.Sum(static header => header.Parameters)),
            Size = ShowBytes(size),
            ContextSize = context ?? (first.ContextLength is > 0 and <= int.MaxValue ? (int)first.ContextLength : null),
            Created = created,
        };
        return ModelPackage.Of(_files, layers => ConfigWriter.Write(config, ReadTexts(gguf), layers));
    }

    private static IReadOnlyList<string> FindParts(string path)
    {
        if (!ShardName.TryParse(path, out ShardName name))
            return [path];
        if (name.Index != 1)
            throw new CliFailure($"\"{path}\" is part {name.Index} of {name.Count}; give the first part, {name.PathOf(1)}", ExitCode.Failure);
        IReadOnlyList<string> parts = name.AllPaths();
        return parts.FirstOrDefault(static part => FileStatus.Of(part).Kind == FileKind.Missing) is { } missing
            ? throw new CliFailure($"\"{path}\" is the first of {name.Count} parts, and \"{missing}\" is missing", ExitCode.Failure)
            : parts;
    }

    private static GgufHeader ReadHeader(string path)
    {
        GgufReadOutcome outcome = GgufHeaderReader.Read(path);
        return outcome.Header ?? throw new CliFailure($"\"{path}\" {outcome.Problem}", ExitCode.Failure);
    }

    private static SortedDictionary<string, string> ReadTexts(string path)
    {
        try
        {
            return GgufTexts.Read(path);
        }
        catch (Exception failure) when (failure is IOException or InvalidDataException or IncompleteFileException)
        {
            throw new CliFailure($"\"{path}\" {(failure is IOException ? "cannot be read" : failure.Message)}", ExitCode.Failure);
        }
    }

    private async Task AddAsync(string type, string path, CancellationToken cancellation)
    {
        await using FileStream file = RegularFile.Open(path) ?? throw new CliFailure($"\"{path}\" {PathProblem.OfFile(path)}", ExitCode.Failure);
        using IncrementalHash hash = ContentHash.Begin(new Digest(Digest.Sha256, ""));
        byte[] buffer = new byte[BufferSize];
        long size = 0;
        while (await file.ReadAsync(buffer, cancellation) is > 0 and var read)
        {
            hash.AppendData(buffer, 0, read);
            size += read;
            progress.Add(read);
        }

        if (size == 0)
            throw new CliFailure($"\"{path}\" is empty", ExitCode.Failure);
        _files.Add(new PackagedFile(path, new Descriptor(type, ContentHash.End(hash), size)));
    }

    // As Docker Model Runner writes it: llama.cpp's own name of the file type.
    private static string QuantizationOf(GgufHeader header) => QuantizationName.Of(header.FileType) switch
    {
        null => "",
        "F32" => "ALL_F32",
        { } name => $"MOSTLY_{name}",
    };

    private static string ShowBytes(long bytes) => UnitText.Format(bytes, step: 1024, digits: 2, isFixed: true, "B", "KiB", "MiB", "GiB", "TiB");
}
