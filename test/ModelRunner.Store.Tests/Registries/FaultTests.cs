using System.Net;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Http;
using ModelRunner.Store.Names;
using ModelRunner.Store.Registries;
using ModelRunner.Store.Registries.Access;
using ModelRunner.Testing;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Store.Tests.Registries;

/// <summary>What networks, proxies and storages do to the responses of a real registry.</summary>
public sealed class FaultTests : IAsyncLifetime
{
    private static readonly OutgoingSettings Impatient = new() { HeadersTimeout = TimeSpan.FromSeconds(1), StallTimeout = TimeSpan.FromSeconds(1) };

    private readonly RegistryModel _model = RegistryModel.Make(100_000);
    private RegistryProcess _registry = null!;
    private FaultProxy _proxy = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private ArtifactName Name => RegistryFixture.NameIn(_proxy.Host);

    private Digest Layer => Digest.TryParse(_model.LayerDigest, out Digest digest) ? digest : default;

    public async ValueTask InitializeAsync()
    {
        _registry = await RegistryProcess.StartAsync(cancellation: Cancellation);
        await _model.PushAsync(_registry, Cancellation);
        _proxy = await FaultProxy.StartAsync(_registry.Address);
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        await _registry.DisposeAsync();
    }

    [Theory]
    [InlineData(FaultKind.Cut, nameof(RemoteReason.ConnectionLost))]
    [InlineData(FaultKind.Stall, nameof(RemoteReason.Stalled))]
    public async Task A_file_that_stops_in_the_middle_is_a_failure_that_may_pass(FaultKind kind, string reason)
    {
        _proxy.Add(new RegistryFault(kind) { Bytes = 30_000 });
        using var fixture = new RegistryFixture(Impatient);
        await using RegistryBlob blob = await fixture.Client.OpenBlobAsync(Name, new BlobRequest(Layer), Cancellation);
        using var bytes = new MemoryStream();

        RemoteException failure = await Assert.ThrowsAsync<RemoteException>(() => blob.Body.CopyToAsync(bytes, Cancellation));

        Assert.Equal((reason, true), (failure.Reason.ToString(), failure.IsTransient));
        Assert.Equal(_model.Layer[..30_000], bytes.ToArray());
        Assert.Contains(_proxy.Host, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_slow_file_is_no_stalled_file()
    {
        // Each pause is far below the limit, and all of them together are above it.
        _proxy.Add(new RegistryFault(FaultKind.Slow) { Bytes = 1000, Pause = TimeSpan.FromMilliseconds(15) });
        using var fixture = new RegistryFixture(Impatient);

        (_, byte[] bytes) = await fixture.ReadAsync(Name, new BlobRequest(Layer));

        Assert.Equal(_model.Layer, bytes);
    }

    [Fact]
    public async Task A_server_that_never_answers_is_asked_several_times()
    {
        _proxy.Add(new RegistryFault(FaultKind.NoAnswer) { Path = "/manifests/" });
        using var fixture = new RegistryFixture(Impatient, new RegistrySettings { MaxTries = 2 });

        RemoteException failure = await Assert.ThrowsAsync<RemoteException>(() => fixture.Client.GetManifestAsync(Name, Cancellation));

        Assert.Equal(RemoteReason.NoAnswer, failure.Reason);
        Assert.Equal($"{_proxy.Host} did not answer within 1 s, which is the limit; try again", failure.Message);
        Assert.Equal(2, _proxy.Requests.Count(static request => request.Fault == FaultKind.NoAnswer));
    }

    [Fact]
    public async Task The_whole_file_instead_of_a_part_begins_at_0()
    {
        _proxy.Add(new RegistryFault(FaultKind.WholeForRange));
        using var fixture = new RegistryFixture();

        (long start, byte[] bytes) = await fixture.ReadAsync(Name, new BlobRequest(Layer, 40_000));

        Assert.Equal(0, start);
        Assert.Equal(_model.Layer, bytes);
    }

    [Fact]
    public async Task A_part_from_another_offset_is_refused()
    {
        _proxy.Add(new RegistryFault(FaultKind.WrongContentRange));
        using var fixture = new RegistryFixture();

        RemoteException failure = await Assert.ThrowsAsync<RemoteException>(() => fixture.ReadAsync(Name, new BlobRequest(Layer, 40_000)));

        Assert.Equal(RemoteReason.UnexpectedAnswer, failure.Reason);
        Assert.Contains("\"bytes 40001-99999/100000\" instead of the one from byte 40000", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(FaultKind.Html, "a web page")]
    [InlineData(FaultKind.Gzip, "compressed with \"gzip\"")]
    public async Task What_is_not_the_file_is_refused_before_its_first_byte(FaultKind kind, string text)
    {
        _proxy.Add(new RegistryFault(kind));
        using var fixture = new RegistryFixture();

        RemoteException failure = await Assert.ThrowsAsync<RemoteException>(() => fixture.ReadAsync(Name, new BlobRequest(Layer)));

        Assert.Equal((RemoteReason.UnexpectedAnswer, false), (failure.Reason, failure.IsTransient));
        Assert.Contains(text, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_web_page_instead_of_a_manifest_is_shown()
    {
        _proxy.Add(new RegistryFault(FaultKind.Html) { Path = "/manifests/" });
        using var fixture = new RegistryFixture();

        RemoteException failure = await Assert.ThrowsAsync<RemoteException>(() => fixture.Client.GetManifestAsync(Name, Cancellation));

        Assert.Equal(RemoteReason.UnexpectedAnswer, failure.Reason);
        Assert.Contains("Sign in to this network", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_manifest_with_another_byte_is_refused()
    {
        // The byte is in the name of a member that nothing reads here, so the manifest is valid JSON still.
        int place = System.Text.Encoding.UTF8.GetString(_model.Manifest).IndexOf("\"schemaVersion\":2", StringComparison.Ordinal) + 1;
        _proxy.Add(new RegistryFault(FaultKind.ChangedByte) { Path = "/manifests/", Bytes = place });
        using var fixture = new RegistryFixture();

        RemoteException failure = await Assert.ThrowsAsync<RemoteException>(() => fixture.Client.GetManifestAsync(Name, Cancellation));

        Assert.Equal(RemoteReason.DigestMismatch, failure.Reason);
        Assert.Contains($"instead of {_model.ManifestDigest}", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_manifest_that_is_too_long_is_refused()
    {
        _proxy.Add(new RegistryFault(FaultKind.Longer) { Path = "/manifests/", Bytes = ManifestReader.MaxBytes });
        using var fixture = new RegistryFixture();

        RemoteException failure = await Assert.ThrowsAsync<RemoteException>(() => fixture.Client.GetManifestAsync(Name, Cancellation));

        Assert.Equal(RemoteReason.TooLarge, failure.Reason);
        Assert.Contains("4194304 bytes, which is the limit", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(HttpStatusCode.ServiceUnavailable, null)]
    [InlineData(HttpStatusCode.InternalServerError, null)]
    [InlineData(HttpStatusCode.BadGateway, "0")]
    [InlineData(HttpStatusCode.TooManyRequests, null)]
    [InlineData(HttpStatusCode.TooManyRequests, "0")]
    [InlineData(HttpStatusCode.TooManyRequests, "Fri, 27 Nov 2020 10:00:00 GMT")]
    public async Task A_failure_that_passes_is_only_told(HttpStatusCode status, string? retryAfter)
    {
        _proxy.Add(new RegistryFault(FaultKind.Status) { Path = "/manifests/", Status = status, RetryAfter = retryAfter, Times = 4 });
        using var fixture = new RegistryFixture();

        RegistryManifest manifest = await fixture.Client.GetManifestAsync(Name, Cancellation);

        Assert.Equal(_model.ManifestDigest, manifest.Digest.ToString());
        Assert.Equal(4, fixture.Notices.Count);
        Assert.Contains($"answered {(int)status} (FAULT: a fault of the test)", fixture.Notices[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failure_that_does_not_pass_counts_in_the_end()
    {
        _proxy.Add(new RegistryFault(FaultKind.Status) { Path = "/manifests/" });
        using var fixture = new RegistryFixture();

        RemoteException failure = await Assert.ThrowsAsync<RemoteException>(() => fixture.Client.GetManifestAsync(Name, Cancellation));

        Assert.Equal((RemoteReason.ServerError, HttpStatusCode.ServiceUnavailable), (failure.Reason, failure.Status));
        Assert.Equal(5, _proxy.Requests.Count(static request => request.Fault == FaultKind.Status));
    }

    [Fact]
    public async Task A_long_wait_is_left_to_the_user()
    {
        _proxy.Add(new RegistryFault(FaultKind.Status) { Path = "/manifests/", Status = HttpStatusCode.TooManyRequests, RetryAfter = "3600" });
        using var fixture = new RegistryFixture();

        RemoteException failure = await Assert.ThrowsAsync<RemoteException>(() => fixture.Client.GetManifestAsync(Name, Cancellation));

        Assert.Equal(RemoteReason.RateLimited, failure.Reason);
        Assert.InRange(failure.RetryAt!.Value, DateTimeOffset.UtcNow.AddMinutes(58), DateTimeOffset.UtcNow.AddMinutes(61));
        Assert.Contains("try again in 60 min, after ", failure.Message, StringComparison.Ordinal);
        Assert.Single(_proxy.Requests, static request => request.Fault == FaultKind.Status);
    }

    [Fact]
    public async Task A_redirect_in_a_circle_ends()
    {
        _proxy.Add(new RegistryFault(FaultKind.RedirectLoop));
        using var fixture = new RegistryFixture();

        RemoteException failure = await Assert.ThrowsAsync<RemoteException>(() => fixture.ReadAsync(Name, new BlobRequest(Layer)));

        Assert.Equal(RemoteReason.BadRedirect, failure.Reason);
        Assert.Equal(11, _proxy.Requests.Count(static request => request.Fault == FaultKind.RedirectLoop));
    }

    [Fact]
    public async Task A_redirect_from_https_to_http_is_refused()
    {
        using var folder = new TemporaryFolder();
        using var authority = new TestCertificates(folder);
        using System.Security.Cryptography.X509Certificates.X509Certificate2 certificate = authority.Server("proxy");
        await using FaultProxy secure = await FaultProxy.StartAsync(_registry.Address, certificate);
        secure.Add(new RegistryFault(FaultKind.RedirectTo) { Target = _proxy.Address });
        using var fixture = new RegistryFixture(new OutgoingSettings { AuthorityFile = authority.AuthorityPath });

        RemoteException failure = await Assert.ThrowsAsync<RemoteException>(
            () => fixture.ReadAsync(RegistryFixture.NameIn(secure.Host), new BlobRequest(Layer)));

        Assert.Equal(RemoteReason.BadRedirect, failure.Reason);
        Assert.Contains("redirected from https to http://", failure.Message, StringComparison.Ordinal);
        Assert.Empty(_proxy.Requests);
    }

    [Fact]
    public async Task A_storage_gets_the_range_and_no_credentials()
    {
        await using RegistryProcess closed = await RegistryProcess.StartAsync(new RegistrySetup { User = RegistryUser.Ann }, Cancellation);
        await _model.PushAsync(closed, Cancellation);
        await using FaultProxy registry = await FaultProxy.StartAsync(closed.Address);
        await using FaultProxy storage = await FaultProxy.StartAsync(_registry.Address);
        using var fixture = new RegistryFixture(credentials: static _ =>
            new RegistryCredential("the test") { User = (RegistryUser.Ann.Name, RegistryUser.Ann.Password) });
        await fixture.Client.GetManifestAsync(RegistryFixture.NameIn(registry.Host), Cancellation);
        registry.Add(new RegistryFault(FaultKind.RedirectTo) { Target = storage.Address });

        (long start, byte[] bytes) = await fixture.ReadAsync(RegistryFixture.NameIn(registry.Host), new BlobRequest(Layer, 99_000));

        Assert.Equal((99_000, 1000), (start, bytes.Length));
        Assert.NotNull(registry.Requests[^1].Header("Authorization"));
        SeenRequest seen = Assert.Single(storage.Requests);
        Assert.Equal("bytes=99000-", seen.Header("Range"));
        Assert.Contains("signature=s3cret", seen.Target, StringComparison.Ordinal);
        Assert.Null(seen.Header("Authorization"));
        Assert.Null(seen.Header("Cookie"));
    }

    /// <summary>A signed address is valid for some minutes only.</summary>
    [Theory]
    [InlineData(HttpStatusCode.Forbidden)]
    [InlineData(HttpStatusCode.Unauthorized)]
    [InlineData(HttpStatusCode.BadRequest)]
    public async Task A_storage_that_refuses_is_a_failure_that_may_pass(HttpStatusCode status)
    {
        await using FaultProxy storage = await FaultProxy.StartAsync(_registry.Address);
        storage.Add(new RegistryFault(FaultKind.Status) { Status = status, Times = 1 });
        _proxy.Add(new RegistryFault(FaultKind.RedirectTo) { Target = storage.Address });
        using var fixture = new RegistryFixture();

        RemoteException failure = await Assert.ThrowsAsync<RemoteException>(() => fixture.ReadAsync(Name, new BlobRequest(Layer)));
        (_, byte[] bytes) = await fixture.ReadAsync(Name, new BlobRequest(Layer));

        Assert.Equal((RemoteReason.ServerError, true), (failure.Reason, failure.IsTransient));
        Assert.DoesNotContain("s3cret", failure.Message, StringComparison.Ordinal);
        Assert.Equal(_model.Layer, bytes);
        Assert.Equal(2, _proxy.Requests.Count(static request => request.Fault == FaultKind.RedirectTo));
    }

    /// <summary>The caller has attempts of its own. Both together would be 25.</summary>
    [Fact]
    public async Task A_failure_that_may_pass_is_left_to_the_reader_of_a_file()
    {
        _proxy.Add(new RegistryFault(FaultKind.Status));
        using var fixture = new RegistryFixture();

        RemoteException failure = await Assert.ThrowsAsync<RemoteException>(() => fixture.ReadAsync(Name, new BlobRequest(Layer)));

        Assert.Equal((RemoteReason.ServerError, true), (failure.Reason, failure.IsTransient));
        Assert.Single(_proxy.Requests, static request => request.Fault == FaultKind.Status);
    }

    [Theory]
    [InlineData(2, null)]
    [InlineData(9, nameof(RemoteReason.RateLimited))]
    public async Task Too_many_requests_for_files_are_waited_for_within_the_limit(int times, string? reason)
    {
        _proxy.Add(new RegistryFault(FaultKind.Status) { Status = HttpStatusCode.TooManyRequests, RetryAfter = "0", Times = times });
        using var fixture = new RegistryFixture();

        Exception? failure = await Record.ExceptionAsync(() => fixture.ReadAsync(Name, new BlobRequest(Layer)));

        Assert.Equal(reason, (failure as RemoteException)?.Reason.ToString());
        Assert.Equal(Math.Min(times, 5), _proxy.Requests.Count(static request => request.Fault == FaultKind.Status));
    }

    [Fact]
    public async Task An_error_that_is_not_of_a_registry_is_not_quoted()
    {
        await using LoopbackServer other = await LoopbackServer.StartAsync(static context =>
        {
            context.Response.StatusCode = 404;
            context.Response.ContentType = "application/json; charset=utf-8";
            return context.Response.Body.WriteAsync("{\"errors\":[{\"message\":\"s3cret\"}],\"key\":\"s3cret\"}"u8.ToArray()).AsTask();
        });
        using var fixture = new RegistryFixture();
        string host = other.Address.Authority;

        RemoteException failure = await Assert.ThrowsAsync<RemoteException>(
            () => fixture.Client.GetManifestAsync(RegistryFixture.NameIn(host), Cancellation));

        Assert.Equal(
            $"the manifest of {host}/ai/tiny:latest was not found: {host} answered 404 (application/json); check the name and the tag", failure.Message);
    }

    /// <summary>More or other bytes are the business of the reader, who knows the length and the digest.</summary>
    [Theory]
    [InlineData(FaultKind.Longer, 100, 100_100)]
    [InlineData(FaultKind.Shorter, 635, 635)]
    [InlineData(FaultKind.ChangedByte, 5000, 100_000)]
    public async Task Wrong_bytes_are_passed_on_as_they_come(FaultKind kind, int count, int length)
    {
        _proxy.Add(new RegistryFault(kind) { Bytes = count });
        using var fixture = new RegistryFixture();

        (_, byte[] bytes) = await fixture.ReadAsync(Name, new BlobRequest(Layer));

        Assert.Equal(length, bytes.Length);
        Assert.NotEqual(_model.Layer, bytes);
    }

    [Fact]
    public async Task Who_no_longer_wants_a_file_does_not_wait_for_it()
    {
        _proxy.Add(new RegistryFault(FaultKind.Stall) { Bytes = 10 });
        using var fixture = new RegistryFixture();
        using var own = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        await using RegistryBlob blob = await fixture.Client.OpenBlobAsync(Name, new BlobRequest(Layer), Cancellation);
        byte[] buffer = new byte[100];
        Assert.Equal(10, await blob.Body.ReadAtLeastAsync(buffer, 10, cancellationToken: own.Token));

        Task<int> rest = blob.Body.ReadAsync(buffer, own.Token).AsTask();
        await own.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => rest);
    }
}
