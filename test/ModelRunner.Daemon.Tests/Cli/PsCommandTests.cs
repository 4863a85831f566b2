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

    [Fact]
    public async Task A_runner_with_old_settings_is_outdated()
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On("/engines/ps", """
            [{"backend_name":"llama.cpp","model_name":"a:latest","mode":"completion","keep_alive":"5m","state":"ready","in_use":true,"outdated":true}]
            """);

        Assert.Matches(@"a:latest +llama.cpp +completion +in use, outdated +5m after its last request *\n", (await daemon.RunAsync(["ps"])).Out);
    }
}
