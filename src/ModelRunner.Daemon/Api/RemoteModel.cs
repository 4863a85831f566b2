using System.Text.Json;
using ModelRunner.Daemon.Pulling;
using ModelRunner.Daemon.Responses;
using ModelRunner.Gguf;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Terminals;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;
using ModelRunner.Store.Pulls;
using ModelRunner.Store.Registries;

namespace ModelRunner.Daemon.Api;

/// <summary>A model as its registry describes it. Only its manifest and its configuration are read, and nothing is stored.</summary>
/// <param name="Name">The model.</param>
/// <param name="Id">The digest of its manifest.</param>
/// <param name="Manifest">Its files.</param>
/// <param name="Config">What it says of itself.</param>
/// <param name="MissingBytes">What a pull would download: the bytes of the files that are not in the store.</param>
internal sealed record RemoteModel(ArtifactName Name, Digest Id, ArtifactManifest Manifest, ArtifactConfig Config, long MissingBytes)
{
    private const int MaxShown = 200;

    /// <summary>What its configuration says of the header of its file.</summary>
    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    // As that of a model that is here: without its other files.
    private long WeightBytes => ModelParts.Of(Manifest, out _).Sum(static part => part.Size);

    /// <summary>Asks the registry.</summary>
    /// <exception cref="ApiException">The name is wrong, or the registry does not describe the model.</exception>
    public static async Task<RemoteModel> ReadAsync(string written, ModelPulls pulls, CancellationToken cancellationToken)
    {
        ApiErrors.RequireOpenSsl("asking a registry");

        if (!ArtifactNameParser.TryParse(written, out ArtifactName? name, out string? problem))
            throw new ApiException(ApiError.Invalid($"the model \"{PlainText.EscapeAndCut(written, MaxShown)}\" {problem}"));
        try
        {
            PullPlan plan = await pulls.PlanAsync(name!, cancellationToken);
            byte[] config = await ReadConfigAsync(plan, cancellationToken);
            long missing = plan.Manifest.Files.Where(file => !pulls.Store.Has(file)).Sum(static file => file.Size);
            return new RemoteModel(plan.Name ?? name!, ContentHash.Of(plan.ManifestBytes.Span), plan.Manifest, ConfigReader.Read(config), missing)
            {
                Metadata = ConfigReader.ReadMetadata(config),
            };
        }
        catch (Exception failure) when (PullFailure.Explain(failure, cancellationToken.IsCancellationRequested) is { } outcome)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new ApiException(PullErrors.Of(outcome));
        }
    }

    /// <summary>Writes it as Docker Model Runner does, with its files. Each value has the form that it has for a model that is here.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, Id.ToString());
        json.WriteStartArray("tags"u8);
        json.WriteStringValue(Name.ToShortString());
        json.WriteEndArray();
        json.WriteNumber("created"u8, Math.Max(0, Config.Created?.ToUnixTimeSeconds() ?? 0));
        json.WriteStartObject("config"u8);
        WriteText(json, "format", Config.Format);
        WriteText(json, "quantization", QuantizationName.WithoutPrefix(Config.Quantization));
        WriteText(json, "parameters", Config.Parameters.Replace(" ", "", StringComparison.Ordinal));
        WriteText(json, "architecture", Config.Architecture);
        json.WriteString("size"u8, FileSizeText.Format(WeightBytes));
        json.WriteNumber("size_bytes"u8, WeightBytes);
        if (Config.ChosenContext is { } tokens)
            json.WriteNumber("context_size"u8, tokens);
        ModelsResponse.WriteMetadata(json, Metadata);
        json.WriteEndObject();
        if (Config.Created is { } packed)
            json.WriteNumber("packed"u8, packed.ToUnixTimeSeconds());
        if (Config.TrainedContext is { } most)
            json.WriteNumber("max_context_size"u8, most);
        json.WriteNumber("total_bytes"u8, Manifest.TotalBytes);
        json.WriteNumber("missing_bytes"u8, MissingBytes);
        ModelDetailsResponse.WriteFiles(json, ModelDetailsReader.FilesOf(Manifest));
        json.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter json, string name, string text)
    {
        if (text.Length > 0)
            json.WriteString(name, text);
    }

    private static async Task<byte[]> ReadConfigAsync(PullPlan plan, CancellationToken cancellationToken)
    {
        Descriptor file = plan.Manifest.Config;
        if (file.Size > ConfigReader.MaxBytes)
            throw new UnsupportedModelException($"its configuration has {file.Size} bytes; at most {ConfigReader.MaxBytes} are read");
        await using RegistryBlob blob = await plan.Open(new BlobRequest(file.Digest), cancellationToken);
        byte[] bytes = new byte[file.Size];
        int count = await blob.Body.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
        return ContentHash.Matches(bytes.AsSpan(0, count), file.Digest)
            ? bytes
            : throw new StoreException(StoreErrorReason.WrongBytes, $"{blob.Host} sent a configuration that does not have the digest {file.Digest}");
    }
}
