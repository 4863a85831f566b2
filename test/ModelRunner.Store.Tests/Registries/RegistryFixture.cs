using ModelRunner.Store.Http;
using ModelRunner.Store.Names;
using ModelRunner.Store.Registries;

namespace ModelRunner.Store.Tests.Registries;

/// <summary>A client of registries for a test, with short waits.</summary>
internal sealed class RegistryFixture : IDisposable
{
    private readonly List<string> _notices = [];

    public RegistryFixture(OutgoingSettings? outgoing = null, RegistrySettings? settings = null, TimeProvider? time = null)
    {
        outgoing ??= new OutgoingSettings();
        Outgoing = new OutgoingClient(outgoing, time ?? TimeProvider.System);
        Client = new RegistryClient(
            Outgoing,
            outgoing,
            (settings ?? new RegistrySettings()) with { FirstWait = TimeSpan.FromMilliseconds(1), Notify = Keep },
            time ?? TimeProvider.System);
    }

    public OutgoingClient Outgoing { get; }

    public RegistryClient Client { get; }

    /// <summary>What it told so far that is no error.</summary>
    public IReadOnlyList<string> Notices
    {
        get
        {
            lock (_notices)
                return [.. _notices];
        }
    }

    /// <summary>A name in a registry of a test.</summary>
    public static ArtifactName NameIn(string host, string rest = "ai/tiny:latest") => ArtifactNameParser.Parse($"{host}/{rest}");

    /// <summary>Reads a file to its end.</summary>
    public async Task<(long Start, byte[] Bytes)> ReadAsync(ArtifactName name, BlobRequest request)
    {
        await using RegistryBlob blob = await Client.OpenBlobAsync(name, request, TestContext.Current.CancellationToken);
        using var bytes = new MemoryStream();
        await blob.Body.CopyToAsync(bytes, TestContext.Current.CancellationToken);
        return (blob.Start, bytes.ToArray());
    }

    public void Dispose() => Outgoing.Dispose();

    private void Keep(string notice)
    {
        lock (_notices)
            _notices.Add(notice);
    }
}
