using ModelRunner.Store.Http;
using ModelRunner.Store.Names;
using ModelRunner.Store.Registries;
using ModelRunner.Store.Registries.Access;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Store.Tests.Registries;

/// <summary>What our client stores in a real registry, and reads back.</summary>
public sealed class PushTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(3_000_000)]
    public async Task A_model_comes_back_as_it_was_pushed(int length)
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Cancellation);
        RegistryModel model = RegistryModel.Make(length);
        using var fixture = new RegistryFixture();
        ArtifactName name = RegistryFixture.NameIn(registry.Host);
        var sent = new List<long>();

        Assert.False(await fixture.Client.HasBlobAsync(name, ContentHash.Of(model.Layer), Cancellation));
        UploadOutcome config = await fixture.Client.PutBlobAsync(name, Upload(model.Config), Cancellation);
        UploadOutcome layer = await fixture.Client.PutBlobAsync(name, Upload(model.Layer) with { Sent = sent.Add }, Cancellation);
        Digest digest = await PushManifestAsync(fixture, name, model);
        RegistryManifest manifest = await fixture.Client.GetManifestAsync(name, Cancellation);
        (_, byte[] bytes) = await fixture.ReadAsync(name, new BlobRequest(ContentHash.Of(model.Layer)));

        Assert.Equal((UploadOutcome.Sent, UploadOutcome.Sent), (config, layer));
        Assert.Equal(model.ManifestDigest, digest.ToString());
        Assert.Equal(model.Manifest, manifest.Bytes.ToArray());
        Assert.Equal(model.Layer, bytes);
        Assert.Equal((0, length), (sent[0], sent[^1]));
        Assert.Equal(sent.Order(), sent);
        Assert.True(await fixture.Client.HasBlobAsync(name, ContentHash.Of(model.Layer), Cancellation));
    }

    [Fact]
    public async Task A_file_that_is_there_is_not_sent_and_one_of_another_repository_is_mounted()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Cancellation);
        RegistryModel model = RegistryModel.Make(1000);
        await model.PushAsync(registry, Cancellation);
        using var fixture = new RegistryFixture();
        BlobUpload upload = Upload(model.Layer) with { Open = static () => throw new InvalidOperationException("The file was opened.") };

        UploadOutcome same = await fixture.Client.PutBlobAsync(RegistryFixture.NameIn(registry.Host), upload, Cancellation);
        ArtifactName other = RegistryFixture.NameIn(registry.Host, "me/copy:latest");
        UploadOutcome mounted = await fixture.Client.PutBlobAsync(other, upload with { MountFrom = model.Repository }, Cancellation);
        UploadOutcome sent = await fixture.Client.PutBlobAsync(other, Upload(model.Config) with { MountFrom = "no/such" }, Cancellation);

        Assert.Equal((UploadOutcome.WasThere, UploadOutcome.Mounted, UploadOutcome.Sent), (same, mounted, sent));
        Assert.True(await fixture.Client.HasBlobAsync(other, upload.Digest, Cancellation));
    }

    [Fact]
    public async Task A_token_for_writing_needs_the_credentials()
    {
        await using TokenServer tokens = await TokenServer.StartAsync();
        await using RegistryProcess registry = await RegistryProcess.StartAsync(new RegistrySetup { Tokens = tokens }, Cancellation);
        RegistryModel model = RegistryModel.Make(1000);
        ArtifactName name = RegistryFixture.NameIn(registry.Host);
        using var anybody = new RegistryFixture();
        using var ann = new RegistryFixture(credentials: static _ => new RegistryCredential("the test") { User = ("ann", TokenServer.Password) });

        RemoteException failure = await Assert.ThrowsAsync<RemoteException>(() => anybody.Client.PutBlobAsync(name, Upload(model.Config), Cancellation));
        int asked = tokens.Requests.Count;
        await ann.Client.PutBlobAsync(name, Upload(model.Config), Cancellation);
        await ann.Client.PutBlobAsync(name, Upload(model.Layer), Cancellation);
        await PushManifestAsync(ann, name, model);

        Assert.Equal(RemoteReason.Denied, failure.Reason);
        Assert.Contains("the token does not cover it", failure.Message, StringComparison.Ordinal);
        Assert.InRange(asked, 1, 2);
        Assert.Equal(asked + 1, tokens.Requests.Count);
        Assert.Equal("repository:ai/tiny:pull,push", Assert.Single(tokens.Requests[^1].Scopes));
    }

    [Fact]
    public async Task An_upload_that_breaks_begins_again()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Cancellation);
        await using FaultProxy proxy = await FaultProxy.StartAsync(registry.Address);
        proxy.Add(new RegistryFault(FaultKind.Status) { Path = "/blobs/uploads/", Method = "PUT", Times = 2 });
        RegistryModel model = RegistryModel.Make(100_000);
        using var fixture = new RegistryFixture();
        ArtifactName name = RegistryFixture.NameIn(proxy.Host);
        var sent = new List<long>();

        UploadOutcome outcome = await fixture.Client.PutBlobAsync(name, Upload(model.Layer) with { Sent = sent.Add }, Cancellation);

        Assert.Equal(UploadOutcome.Sent, outcome);
        Assert.Equal(3, proxy.Requests.Count(static request => request.Method == "POST"));
        Assert.Equal(3, sent.Count(static count => count == 0));
        Assert.All(fixture.Notices, static notice => Assert.Contains("begins again", notice, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Wrong_bytes_are_refused_once()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Cancellation);
        await using FaultProxy proxy = await FaultProxy.StartAsync(registry.Address);
        using var fixture = new RegistryFixture();
        byte[] bytes = new byte[1000];
        BlobUpload upload = Upload(bytes) with { Open = static () => new MemoryStream(Enumerable.Repeat((byte)1, 1000).ToArray()) };

        RemoteException failure = await Assert.ThrowsAsync<RemoteException>(
            () => fixture.Client.PutBlobAsync(RegistryFixture.NameIn(proxy.Host), upload, Cancellation));

        Assert.Equal(RemoteReason.Rejected, failure.Reason);
        Assert.Contains("DIGEST_INVALID", failure.Message, StringComparison.Ordinal);
        Assert.Single(proxy.Requests, static request => request.Method == "PUT");
    }

    [Theory]
    [InlineData(999)]
    [InlineData(1001)]
    public async Task A_file_that_changes_while_it_is_sent_is_told(int length)
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Cancellation);
        using var fixture = new RegistryFixture();
        BlobUpload upload = Upload(new byte[1000]) with { Open = () => new MemoryStream(new byte[length]) };

        RemoteException failure = await Assert.ThrowsAsync<RemoteException>(
            () => fixture.Client.PutBlobAsync(RegistryFixture.NameIn(registry.Host), upload, Cancellation));

        Assert.Equal(RemoteReason.LocalFile, failure.Reason);
        Assert.EndsWith("it no longer has the 1000 bytes that it had when the push began", failure.Message, StringComparison.Ordinal);
        Assert.Empty(fixture.Notices);
    }

    [Fact]
    public async Task A_file_that_cannot_be_opened_is_told()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Cancellation);
        using var fixture = new RegistryFixture();
        BlobUpload upload = Upload(new byte[10]) with { Open = static () => File.OpenRead("/no/such/file") };

        RemoteException failure = await Assert.ThrowsAsync<RemoteException>(
            () => fixture.Client.PutBlobAsync(RegistryFixture.NameIn(registry.Host), upload, Cancellation));

        Assert.Equal(RemoteReason.LocalFile, failure.Reason);
    }

    [Fact]
    public async Task A_manifest_without_its_files_is_refused()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Cancellation);
        using var fixture = new RegistryFixture();

        RemoteException failure = await Assert.ThrowsAsync<RemoteException>(
            () => PushManifestAsync(fixture, RegistryFixture.NameIn(registry.Host), RegistryModel.Make(10)));

        Assert.Equal(RemoteReason.Rejected, failure.Reason);
        Assert.Contains("MANIFEST_BLOB_UNKNOWN", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mirror_takes_no_uploads()
    {
        await using RegistryProcess upstream = await RegistryProcess.StartAsync(cancellation: Cancellation);
        await using RegistryProcess mirror = await RegistryProcess.StartAsync(new RegistrySetup { MirrorOf = upstream.Address }, Cancellation);
        using var fixture = new RegistryFixture();

        RemoteException failure = await Assert.ThrowsAsync<RemoteException>(
            () => fixture.Client.PutBlobAsync(RegistryFixture.NameIn(mirror.Host), Upload(new byte[10]), Cancellation));

        Assert.Equal(RemoteReason.NotOffered, failure.Reason);
    }

    /// <summary>A long upload is no timeout, and a registry that no longer reads is one.</summary>
    [Fact]
    public async Task An_upload_may_take_longer_than_the_time_for_an_answer()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Cancellation);
        using var fixture = new RegistryFixture(new OutgoingSettings { HeadersTimeout = TimeSpan.FromSeconds(3) });
        byte[] bytes = RegistryModel.Make(20_000).Layer;
        BlobUpload upload = Upload(bytes) with { Open = () => new SlowStream(bytes, partSize: 500, TimeSpan.FromMilliseconds(110)) };

        UploadOutcome outcome = await fixture.Client.PutBlobAsync(RegistryFixture.NameIn(registry.Host), upload, Cancellation);

        Assert.Equal(UploadOutcome.Sent, outcome);
        Assert.Empty(fixture.Notices);
    }

    private static BlobUpload Upload(byte[] bytes) => new(ContentHash.Of(bytes), bytes.Length, () => new MemoryStream(bytes));

    private static Task<Digest> PushManifestAsync(RegistryFixture fixture, ArtifactName name, RegistryModel model) =>
        fixture.Client.PutManifestAsync(name, name.Tag, model.Manifest, RegistryModel.MediaType, Cancellation);
}
