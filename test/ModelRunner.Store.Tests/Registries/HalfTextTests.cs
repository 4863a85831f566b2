using ModelRunner.Store.Http;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Store.Tests.Registries;

/// <summary>Half of a surrogate pair is valid JSON for .NET, and no text.</summary>
public sealed class HalfTextTests
{
    [Theory]
    [InlineData("""{"mediaType":"\ud800"}""")]
    [InlineData("""{"\ud800longEnough":1}""")]
    public async Task A_manifest_with_half_a_character_is_a_named_error(string body)
    {
        RemoteException failure = await AskAsync(200, "application/vnd.oci.image.manifest.v1+json", body);

        Assert.Equal(RemoteReason.UnexpectedAnswer, failure.Reason);
        Assert.Contains("was asked for a manifest and sent", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"errors":[{"code":"\ud800","message":"m"}]}""")]
    [InlineData("""{"errors":[{"code":"A","message":"\udc00"}]}""")]
    [InlineData("""{"errors":[{"\ud800longEnough":"A"}]}""")]
    public async Task An_error_with_half_a_character_is_not_quoted(string body)
    {
        RemoteException failure = await AskAsync(404, "application/json", body);

        Assert.Equal(RemoteReason.NotFound, failure.Reason);
        Assert.Contains("answered 404 (application/json); ", failure.Message, StringComparison.Ordinal);
    }

    private static async Task<RemoteException> AskAsync(int status, string type, string body)
    {
        await using LoopbackServer server = await LoopbackServer.StartAsync(context =>
        {
            context.Response.StatusCode = status;
            context.Response.ContentType = type;
            return context.Response.Body.WriteAsync(System.Text.Encoding.UTF8.GetBytes(body)).AsTask();
        });
        using var fixture = new RegistryFixture();
        return await Assert.ThrowsAsync<RemoteException>(() => fixture.Client.GetManifestAsync(
            RegistryFixture.NameIn(server.Address.Authority), TestContext.Current.CancellationToken));
    }
}
