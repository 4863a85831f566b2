namespace ModelRunner.Daemon.Tests.Cli;

public sealed class PsCommandTests
{
    [Fact]
    public async Task Ps_shows_that_a_model_waits_for_its_start()
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On("/engines/ps", """
            [{"backend_name":"llama.cpp","model_name":"a:latest","mode":"completion","keep_alive":"5m","state":"waiting"}]
            """);

        Assert.Matches(@"a:latest +llama.cpp +completion +waiting *\n", (await daemon.RunAsync(["ps"])).Out);
    }

    [Fact]
    public async Task A_preloaded_model_stays_until_it_is_evicted()
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On("/engines/ps", """
            [{"backend_name":"llama.cpp","model_name":"a:latest","mode":"completion","keep_alive":"5m","state":"ready","preload":true}]
            """);

        Assert.Matches(@"a:latest +llama.cpp +completion +idle +evicted *\n", (await daemon.RunAsync(["ps"])).Out);
    }
}
