using System.Net;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>Models with <c>preload</c> while clients change the settings of models: such a change is no reload.</summary>
public sealed class ResidentChangeTests
{
    private const string Route = "engines/_configure";
    private const string Embed = """{"model":"tiny-embed","input":"one"}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_warning_comes_again_after_a_reload_and_not_after_a_change_of_a_client()
    {
        const string TooLarge = "Model tiny-chat:latest is not preloaded: model \"tiny-chat:latest\" needs about ";
        const string Missing = "Model nope:latest is not preloaded: ";
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Configuration = """{"models":{"tiny-chat":{"preload":true},"nope":{"preload":true}},"limits":{"memory":"30MiB"}}""",
        });
        await daemon.WaitForLogAsync(TooLarge);
        await daemon.WaitForLogAsync(Missing);

        await ChangeAsync(daemon, """{"model":"tiny-embed","context-size":32}""");
        await ChangeAsync(daemon, """{"model":"tiny-embed","context-size":64}""");
        await ChangeAsync(daemon, """{"model":"tiny-chat","context-size":96}""");
        await ResetAsync(daemon);
        await DaemonFixture.SignalAsync(daemon.ProcessId, "HUP");
        await DaemonFixture.WaitUntilAsync(
            () => Task.FromResult(Count(daemon.Log, TooLarge) > 1 && Count(daemon.Log, Missing) > 1), DaemonFixture.Patience);

        Assert.Equal((2, 2), (Count(daemon.Log, TooLarge), Count(daemon.Log, Missing)));
    }

    [Fact]
    public async Task A_change_of_a_client_does_not_bring_back_an_unloaded_model()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(
            new DaemonSetup { Configuration = """{"models":{"tiny-chat":{"preload":true}}}""" });
        await DaemonFixture.WaitUntilAsync(async () => (await daemon.RunnersAsync()).Count == 1, DaemonFixture.Patience);
        await daemon.PostAsync("engines/unload", """{"models":["tiny-chat"]}""");

        await ChangeAsync(daemon, """{"model":"tiny-embed","context-size":32}""");
        await ChangeAsync(daemon, """{"model":"tiny-chat","context-size":32}""");
        await ResetAsync(daemon);

        // A decision about another model follows every chance to load it again.
        Assert.Equal(200, (await daemon.PostAsync("v1/embeddings", Embed)).Status);
        Assert.Equal("tiny-embed:latest", Assert.Single(await daemon.RunnersAsync()).GetProperty("model_name").GetString());

        await DaemonFixture.SignalAsync(daemon.ProcessId, "HUP");
        await DaemonFixture.WaitUntilAsync(async () => (await daemon.RunnersAsync()).Count == 2, DaemonFixture.Patience);
    }

    private static int Count(string log, string text) => log.Split(text).Length - 1;

    private static async Task ChangeAsync(DaemonFixture daemon, string body)
    {
        using HttpResponseMessage response = await daemon.SendAsync(Route, body, HttpCompletionOption.ResponseContentRead, Cancellation);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
    }

    private static async Task ResetAsync(DaemonFixture daemon)
    {
        using HttpResponseMessage response = await daemon.Client.DeleteAsync(new Uri(Route, UriKind.Relative), Cancellation);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }
}
