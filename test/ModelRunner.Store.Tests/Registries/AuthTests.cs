using ModelRunner.Store.Http;
using ModelRunner.Store.Names;
using ModelRunner.Store.Registries;
using ModelRunner.Store.Registries.Access;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Store.Tests.Registries;

/// <summary>Registries that do not answer everybody.</summary>
public sealed class AuthTests
{
    private static readonly RegistryCredential Ann = new("the test") { User = ("ann", TokenServer.Password) };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_user_name_and_a_password_are_sent_once_they_are_asked_for()
    {
        RegistryUser user = RegistryUser.Ann;
        await using RegistryProcess registry = await RegistryProcess.StartAsync(new RegistrySetup { User = user }, Cancellation);
        RegistryModel model = RegistryModel.Make(1000);
        await model.PushAsync(registry, Cancellation);
        await using FaultProxy proxy = await FaultProxy.StartAsync(registry.Address);
        using var fixture = new RegistryFixture(credentials: host =>
            host == proxy.Host ? new RegistryCredential("the test") { User = (user.Name, user.Password) } : null);

        RegistryManifest manifest = await fixture.Client.GetManifestAsync(RegistryFixture.NameIn(proxy.Host), Cancellation);
        await fixture.Client.GetManifestAsync(RegistryFixture.NameIn(proxy.Host), Cancellation);

        Assert.Equal(model.ManifestDigest, manifest.Digest.ToString());
        Assert.Equal([false, true, true], proxy.Requests.Select(static request => request.Header("Authorization") is not null));
    }

    [Fact]
    public async Task A_wrong_password_is_sent_once_and_not_shown()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(new RegistrySetup { User = RegistryUser.Ann }, Cancellation);
        await using FaultProxy proxy = await FaultProxy.StartAsync(registry.Address);
        using var fixture = new RegistryFixture(credentials: static _ => new RegistryCredential("the test") { User = ("ann", "h1dden") });

        RemoteException failure = await Assert.ThrowsAsync<RemoteException>(
            () => fixture.Client.GetManifestAsync(RegistryFixture.NameIn(proxy.Host), Cancellation));

        Assert.Equal(RemoteReason.Unauthorized, failure.Reason);
        Assert.Contains($"log in with docker login {proxy.Host}", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("h1dden", failure.ToString(), StringComparison.Ordinal);
        Assert.Equal(2, proxy.Requests.Count);
    }

    [Fact]
    public async Task A_password_that_was_refused_is_not_sent_again_after_the_user_has_removed_it()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(new RegistrySetup { User = RegistryUser.Ann }, Cancellation);
        RegistryCredential? credential = new("the test") { User = ("ann", "wrong") };
        using var fixture = new RegistryFixture(credentials: _ => credential);
        await Assert.ThrowsAsync<RemoteException>(() => fixture.Client.GetManifestAsync(RegistryFixture.NameIn(registry.Host), Cancellation));
        credential = null;

        RemoteException failure = await Assert.ThrowsAsync<RemoteException>(
            () => fixture.Client.GetManifestAsync(RegistryFixture.NameIn(registry.Host), Cancellation));

        Assert.Contains(" needs a login: ", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_credentials_the_error_names_the_login()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(new RegistrySetup { User = RegistryUser.Ann }, Cancellation);
        using var fixture = new RegistryFixture();

        RemoteException failure = await Assert.ThrowsAsync<RemoteException>(
            () => fixture.Client.GetManifestAsync(RegistryFixture.NameIn(registry.Host), Cancellation));

        Assert.Equal(
            $"the manifest of {registry.Host}/ai/tiny:latest needs a login: {registry.Host} answered 401; log in with docker login {registry.Host}",
            failure.Message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Credentials_that_cannot_be_read_are_in_the_error(bool hasTokens)
    {
        await using TokenServer tokens = await TokenServer.StartAsync();
        tokens.WantsLogin = true;
        await using RegistryProcess registry = await RegistryProcess.StartAsync(
            hasTokens ? new RegistrySetup { Tokens = tokens } : new RegistrySetup { User = RegistryUser.Ann }, Cancellation);
        using var fixture = new RegistryFixture(credentials: static _ => new RegistryCredential("a file") { Problem = "the file is broken" });

        RemoteException failure = await Assert.ThrowsAsync<RemoteException>(
            () => fixture.Client.GetManifestAsync(RegistryFixture.NameIn(registry.Host), Cancellation));

        Assert.Equal(RemoteReason.Unauthorized, failure.Reason);
        Assert.EndsWith($"; the file is broken; correct this, or log in with docker login {registry.Host}", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Anybody_gets_a_token_for_reading_and_keeps_it()
    {
        await using TokenServer tokens = await TokenServer.StartAsync();
        await using RegistryProcess registry = await RegistryProcess.StartAsync(new RegistrySetup { Tokens = tokens }, Cancellation);
        RegistryModel model = RegistryModel.Make(1000);
        await model.PushAsync(registry, Cancellation);
        using var fixture = new RegistryFixture();
        ArtifactName name = RegistryFixture.NameIn(registry.Host);

        await fixture.Client.GetManifestAsync(name, Cancellation);
        (_, byte[] bytes) = await fixture.ReadAsync(name, new BlobRequest(ContentHash.Of(model.Layer)));

        Assert.Equal(model.Layer, bytes);
        TokenRequest request = Assert.Single(tokens.Requests);
        Assert.Equal(("GET", "", "repository:ai/tiny:pull"), (request.Method, request.Authorization, Assert.Single(request.Scopes)));
    }

    [Fact]
    public async Task Requests_at_the_same_time_ask_for_a_token_once()
    {
        await using TokenServer tokens = await TokenServer.StartAsync();
        await using RegistryProcess registry = await RegistryProcess.StartAsync(new RegistrySetup { Tokens = tokens }, Cancellation);
        RegistryModel model = RegistryModel.Make(1000);
        await model.PushAsync(registry, Cancellation);
        using var fixture = new RegistryFixture();
        ArtifactName name = RegistryFixture.NameIn(registry.Host);

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => fixture.Client.GetManifestAsync(name, Cancellation)));

        Assert.Single(tokens.Requests);
    }

    [Fact]
    public async Task An_expired_token_is_replaced()
    {
        await using TokenServer tokens = await TokenServer.StartAsync();
        tokens.ExpiresIn = 60;
        await using RegistryProcess registry = await RegistryProcess.StartAsync(new RegistrySetup { Tokens = tokens }, Cancellation);
        await RegistryModel.Make(1000).PushAsync(registry, Cancellation);
        var clock = new MovableClock();
        using var fixture = new RegistryFixture(time: clock);
        ArtifactName name = RegistryFixture.NameIn(registry.Host);

        await fixture.Client.GetManifestAsync(name, Cancellation);
        clock.Advance(TimeSpan.FromSeconds(50));
        await fixture.Client.GetManifestAsync(name, Cancellation);
        Assert.Single(tokens.Requests);
        clock.Advance(TimeSpan.FromSeconds(5));
        await fixture.Client.GetManifestAsync(name, Cancellation);

        Assert.Equal(2, tokens.Requests.Count);
    }

    /// <summary>The server's clock may run faster, or somebody may have revoked the token.</summary>
    [Fact]
    public async Task A_token_that_the_registry_no_longer_accepts_is_replaced_once()
    {
        await using TokenServer tokens = await TokenServer.StartAsync();
        tokens.Lifetime = TimeSpan.FromMinutes(-10);
        await using RegistryProcess registry = await RegistryProcess.StartAsync(new RegistrySetup { Tokens = tokens }, Cancellation);
        using var fixture = new RegistryFixture();
        ArtifactName name = RegistryFixture.NameIn(registry.Host);

        RemoteException first = await Assert.ThrowsAsync<RemoteException>(() => fixture.Client.GetManifestAsync(name, Cancellation));
        Assert.Single(tokens.Requests);
        tokens.Lifetime = TimeSpan.FromMinutes(5);
        RemoteException second = await Assert.ThrowsAsync<RemoteException>(() => fixture.Client.GetManifestAsync(name, Cancellation));

        Assert.Equal((RemoteReason.Unauthorized, RemoteReason.NotFound), (first.Reason, second.Reason));
        Assert.Equal(2, tokens.Requests.Count);
    }

    [Fact]
    public async Task A_private_registry_gets_the_credentials_at_its_token_server()
    {
        await using TokenServer tokens = await TokenServer.StartAsync();
        tokens.WantsLogin = true;
        await using RegistryProcess registry = await RegistryProcess.StartAsync(new RegistrySetup { Tokens = tokens }, Cancellation);
        await RegistryModel.Make(1000).PushAsync(registry, Cancellation);
        await using FaultProxy proxy = await FaultProxy.StartAsync(registry.Address);
        using var fixture = new RegistryFixture(credentials: static _ => Ann);

        await fixture.Client.GetManifestAsync(RegistryFixture.NameIn(proxy.Host), Cancellation);

        Assert.StartsWith("Basic ", Assert.Single(tokens.Requests).Authorization, StringComparison.Ordinal);
        Assert.DoesNotContain(proxy.Requests, static request => request.Header("Authorization")?.StartsWith("Basic ", StringComparison.Ordinal) == true);
    }

    [Fact]
    public async Task An_identity_token_is_exchanged()
    {
        await using TokenServer tokens = await TokenServer.StartAsync();
        tokens.WantsLogin = true;
        await using RegistryProcess registry = await RegistryProcess.StartAsync(new RegistrySetup { Tokens = tokens }, Cancellation);
        await RegistryModel.Make(1000).PushAsync(registry, Cancellation);
        using var fixture = new RegistryFixture(credentials: static _ => new RegistryCredential("the test") { IdentityToken = TokenServer.RefreshToken });

        await fixture.Client.GetManifestAsync(RegistryFixture.NameIn(registry.Host), Cancellation);

        TokenRequest request = Assert.Single(tokens.Requests);
        Assert.Equal(("POST", "refresh_token", ""), (request.Method, request.Grant, request.Authorization));
    }

    [Fact]
    public async Task A_token_of_the_user_is_sent_to_the_registry_itself()
    {
        await using TokenServer tokens = await TokenServer.StartAsync();
        await using RegistryProcess registry = await RegistryProcess.StartAsync(new RegistrySetup { Tokens = tokens }, Cancellation);
        await RegistryModel.Make(1000).PushAsync(registry, Cancellation);
        using var fixture = new RegistryFixture(credentials: _ => new RegistryCredential("the test") { RegistryToken = tokens.MakeMasterToken() });

        await fixture.Client.GetManifestAsync(RegistryFixture.NameIn(registry.Host), Cancellation);

        Assert.Empty(tokens.Requests);
    }

    [Fact]
    public async Task A_wrong_password_at_the_token_server_is_final()
    {
        await using TokenServer tokens = await TokenServer.StartAsync();
        await using RegistryProcess registry = await RegistryProcess.StartAsync(new RegistrySetup { Tokens = tokens }, Cancellation);
        using var fixture = new RegistryFixture(credentials: static _ => new RegistryCredential("the test") { User = ("ann", "h1dden") });

        RemoteException failure = await Assert.ThrowsAsync<RemoteException>(
            () => fixture.Client.GetManifestAsync(RegistryFixture.NameIn(registry.Host), Cancellation));

        Assert.Equal(RemoteReason.Unauthorized, failure.Reason);
        Assert.Contains("it refuses the credentials of the test", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("h1dden", failure.ToString(), StringComparison.Ordinal);
        Assert.Single(tokens.Requests);
    }

    /// <summary>The storage behind a registry that needs a token.</summary>
    [Fact]
    public async Task A_redirect_takes_no_credentials_along()
    {
        await using RegistryProcess open = await RegistryProcess.StartAsync(cancellation: Cancellation);
        await using RegistryProcess registry = await RegistryProcess.StartAsync(new RegistrySetup { User = RegistryUser.Ann }, Cancellation);
        RegistryModel model = RegistryModel.Make(1000);
        await model.PushAsync(open, Cancellation);
        await model.PushAsync(registry, Cancellation);
        await using FaultProxy storage = await FaultProxy.StartAsync(open.Address);
        await using FaultProxy proxy = await FaultProxy.StartAsync(registry.Address);
        using var fixture = new RegistryFixture(credentials: static _ =>
            new RegistryCredential("the test") { User = (RegistryUser.Ann.Name, RegistryUser.Ann.Password) });
        await fixture.Client.GetManifestAsync(RegistryFixture.NameIn(proxy.Host), Cancellation);
        proxy.Add(new RegistryFault(FaultKind.RedirectTo) { Target = storage.Address });

        (_, byte[] bytes) = await fixture.ReadAsync(RegistryFixture.NameIn(proxy.Host), new BlobRequest(ContentHash.Of(model.Layer)));

        Assert.Equal(model.Layer, bytes);
        Assert.NotNull(proxy.Requests[^1].Header("Authorization"));
        Assert.Null(Assert.Single(storage.Requests).Header("Authorization"));
    }
}
