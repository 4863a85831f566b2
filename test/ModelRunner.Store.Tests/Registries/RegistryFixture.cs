using ModelRunner.Store.Http;
using ModelRunner.Store.Names;
using ModelRunner.Store.Registries;
using ModelRunner.Store.Registries.Access;

namespace ModelRunner.Store.Tests.Registries;

/// <summary>A client of registries for a test, with short waits.</summary>
internal sealed class RegistryFixture : IDisposable
{
    private readonly List<string> _notices = [];

    /// <param name="outgoing">The settings for requests.</param>
    /// <param name="settings">The settings for registries; the waits are shortened.</param>
    /// <param name="credentials">The credentials by the name of their registry; null: there are none.</param>
    /// <param name="time">The clock.</param>
    public RegistryFixture(
        OutgoingSettings? outgoing = null, RegistrySettings? settings = null, Func<string, RegistryCredential?>? credentials = null, TimeProvider? time = null)
    {
        outgoing ??= new OutgoingSettings();
        time ??= TimeProvider.System;
        Outgoing = new OutgoingClient(outgoing, time);
        Client = new RegistryClient(
            Outgoing,
            outgoing,
            (settings ?? new RegistrySettings()) with { FirstWait = TimeSpan.FromMilliseconds(1), Notify = Keep },
            (host, _) => Task.FromResult(credentials?.Invoke(host)),
            time);
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
