using System.Globalization;
using System.Text.Json;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;
using ModelRunner.Store.Pulls;

namespace ModelRunner.Store.Archives;

/// <summary>Makes a model of the store into another one, which has the same layers and another configuration.</summary>
/// <param name="store">The store.</param>
/// <param name="time">The clock.</param>
internal sealed class ModelRepackager(ModelStore store, TimeProvider time)
{
    /// <summary>Adds the model.</summary>
    /// <param name="source">The model.</param>
    /// <param name="tag">The name of the new one. Another model that has it loses it.</param>
    /// <param name="contextSize">Its context in tokens.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="UnsupportedModelException">The configuration has no place for a context.</exception>
    /// <exception cref="StoreException">The model was removed, a file is missing, or the store cannot be written.</exception>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public async Task<StoreEntry> RepackageAsync(StoreEntry source, string tag, int contextSize, CancellationToken cancellationToken)
    {
        using HeldModel model = HeldModel.Open(store, source.Id, source.ShownName);
        Descriptor described = model.Manifest.Config;
        if (described.MediaType is not (MediaTypes.ConfigV1 or MediaTypes.ConfigV2))
            throw new UnsupportedModelException($"the model has a configuration of the type {described.MediaType}, which has no context size");
        if (ManifestFile.ReadConfigBytes(store.Folder, model.Manifest) is not { } old)
            throw new UnsupportedModelException(Unread(source, described));

        byte[] config = WithContext(old, contextSize);
        var file = new Descriptor(described.MediaType, ContentHash.Of(config), config.Length);
        using IDisposable held = store.Holds.Hold([file.Digest]);
        if (!store.Has(file))
            await WriteAsync(file, config, cancellationToken);
        return await store.AddAsync(ManifestWriter.WithConfig(model.Bytes, file), tag, cancellationToken);
    }

    private static string Unread(StoreEntry source, Descriptor config) => string.Create(
        CultureInfo.InvariantCulture,
        $"the configuration of the model {source.ShownName} has {config.Size} bytes and cannot be read; at most {ConfigReader.MaxBytes} bytes are read");

    private static byte[] WithContext(byte[] config, int tokens)
    {
        try
        {
            return ConfigWriter.WithContext(config, tokens);
        }
        catch (JsonException failure)
        {
            throw new UnsupportedModelException($"the model has a configuration that cannot be understood: {failure.Message}");
        }
    }

    private async Task WriteAsync(Descriptor file, byte[] bytes, CancellationToken cancellationToken)
    {
        using PartialBlob blob = await PartialBlob.OpenOwnAsync(store.Folder, file, StoreFileName.RepackagePurpose, time, cancellationToken)
            ?? throw new StoreException(StoreErrorReason.Busy, $"the file {file.Digest} is being written by another process; try again");
        await blob.AppendAsync(bytes, cancellationToken);
        blob.Complete();
    }
}
