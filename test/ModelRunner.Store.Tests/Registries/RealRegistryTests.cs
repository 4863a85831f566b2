using System.Text;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Http;
using ModelRunner.Store.Names;
using ModelRunner.Store.Pulls;
using ModelRunner.Store.Registries;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Store.Tests.Registries;

/// <summary>What everybody may read from a real registry.</summary>
public sealed class RealRegistryTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_manifest_is_fetched_by_its_tag_and_by_its_digest()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Cancellation);
        RegistryModel model = RegistryModel.Make(1000);
        await model.PushAsync(registry, Cancellation);
        using var fixture = new RegistryFixture();
        ArtifactName name = RegistryFixture.NameIn(registry.Host);
        Assert.True(Digest.TryParse(model.ManifestDigest, out Digest digest));

        RegistryManifest tagged = await fixture.Client.GetManifestAsync(name, Cancellation);
        RegistryManifest pinned = await fixture.Client.GetManifestAsync(name with { Tag = "no-such", Pin = digest }, Cancellation);
        RegistryManifest named = await fixture.Client.GetManifestAsync(name, digest, Cancellation);

        Assert.Equal(model.Manifest, tagged.Bytes.ToArray());
        Assert.Equal((RegistryModel.MediaType, digest), (tagged.MediaType, tagged.Digest));
        Assert.Equal((RegistryModel.MediaType, digest), (pinned.MediaType, pinned.Digest));
        Assert.Equal(model.Manifest, named.Bytes.ToArray());
    }

    [Fact]
    public async Task An_index_is_fetched()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Cancellation);
        RegistryModel model = RegistryModel.Make(1000);
        await model.PushAsync(registry, Cancellation);
        byte[] index = Encoding.UTF8.GetBytes($$$"""
            {"schemaVersion":2,"mediaType":"{{{MediaTypes.OciIndex}}}","manifests":[{"mediaType":"{{{RegistryModel.MediaType}}}",
            "digest":"{{{model.ManifestDigest}}}","size":{{{model.Manifest.Length}}}}]}
            """);
        await registry.PushManifestAsync("ai/tiny", "several", index, MediaTypes.OciIndex, Cancellation);
        using var fixture = new RegistryFixture();

        RegistryManifest found = await fixture.Client.GetManifestAsync(RegistryFixture.NameIn(registry.Host, "ai/tiny:several"), Cancellation);

        Assert.Equal(MediaTypes.OciIndex, found.MediaType);
        Assert.Equal(index, found.Bytes.ToArray());

        // A model that is pulled by the digest of the list could not be found by it.
        string pinned = $"{registry.Host}/ai/tiny@{found.Digest}";
        UnsupportedModelException refused = await Assert.ThrowsAsync<UnsupportedModelException>(
            () => new RegistryPlanner(fixture.Client).PlanAsync(ArtifactNameParser.Parse(pinned), Cancellation));
        Assert.Equal(
            $"{pinned} is a list of manifests; write the digest of the model in it: {registry.Host}/ai/tiny@{model.ManifestDigest}", refused.Message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(99_999)]
    public async Task A_file_is_read_from_any_offset(int offset)
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Cancellation);
        RegistryModel model = RegistryModel.Make(100_000);
        await model.PushAsync(registry, Cancellation);
        using var fixture = new RegistryFixture();
        ArtifactName name = RegistryFixture.NameIn(registry.Host);
        Assert.True(Digest.TryParse(model.LayerDigest, out Digest digest));

        await using RegistryBlob first = await fixture.Client.OpenBlobAsync(name, new BlobRequest(digest), Cancellation);
        (long start, byte[] rest) = await fixture.ReadAsync(name, new BlobRequest(digest, offset) { Etag = first.Etag });

        Assert.NotNull(first.Etag);
        Assert.Equal(offset, start);
        Assert.Equal(model.Layer[offset..], rest);
    }

    [Fact]
    public async Task An_offset_at_or_behind_the_end_is_an_error_of_its_own()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Cancellation);
        RegistryModel model = RegistryModel.Make(1000);
        await model.PushAsync(registry, Cancellation);
        using var fixture = new RegistryFixture();
        Assert.True(Digest.TryParse(model.LayerDigest, out Digest digest));

        foreach (int offset in (int[])[1000, 2000])
        {
            RemoteException failure = await Assert.ThrowsAsync<RemoteException>(
                () => fixture.ReadAsync(RegistryFixture.NameIn(registry.Host), new BlobRequest(digest, offset)));
            Assert.Equal(RemoteReason.NoSuchRange, failure.Reason);
            Assert.EndsWith($" at byte {offset}; the partial file here may be too long", failure.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>A pull-through mirror of this registry ignores ranges.</summary>
    [Fact]
    public async Task A_server_that_sends_no_parts_begins_at_0()
    {
        await using RegistryProcess upstream = await RegistryProcess.StartAsync(cancellation: Cancellation);
        RegistryModel model = RegistryModel.Make(100_000);
        await model.PushAsync(upstream, Cancellation);
        await using RegistryProcess mirror = await RegistryProcess.StartAsync(new RegistrySetup { MirrorOf = upstream.Address }, Cancellation);
        using var fixture = new RegistryFixture();
        Assert.True(Digest.TryParse(model.LayerDigest, out Digest digest));

        (long start, byte[] bytes) = await fixture.ReadAsync(RegistryFixture.NameIn(mirror.Host), new BlobRequest(digest, 500));

        Assert.Equal(0, start);
        Assert.Equal(model.Layer, bytes);
    }

    [Fact]
    public async Task What_is_not_there_is_not_found()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Cancellation);
        using var fixture = new RegistryFixture();
        ArtifactName name = RegistryFixture.NameIn(registry.Host, "ai/none:q4");

        RemoteException manifest = await Assert.ThrowsAsync<RemoteException>(() => fixture.Client.GetManifestAsync(name, Cancellation));
        RemoteException file = await Assert.ThrowsAsync<RemoteException>(() => fixture.ReadAsync(name, new BlobRequest(ContentHash.Of([]))));

        Assert.Equal((RemoteReason.NotFound, RemoteReason.NotFound), (manifest.Reason, file.Reason));
        Assert.Equal(
            $"the manifest of {registry.Host}/ai/none:q4 was not found: {registry.Host} answered 404 (MANIFEST_UNKNOWN: manifest unknown); check the name and the tag",
            manifest.Message);
        Assert.False(manifest.IsTransient);
    }

    [Fact]
    public async Task Nobody_listens_there()
    {
        using var fixture = new RegistryFixture();

        RemoteException failure = await Assert.ThrowsAsync<RemoteException>(
            () => fixture.Client.GetManifestAsync(RegistryFixture.NameIn("127.0.0.1:1"), Cancellation));

        Assert.Equal(RemoteReason.Unreachable, failure.Reason);
        Assert.Contains("127.0.0.1:1", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', failure.Message);
    }
}
