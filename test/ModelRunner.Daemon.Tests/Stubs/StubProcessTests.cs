using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Stubs;

public sealed class StubProcessTests
{
    [Fact]
    public async Task The_stub_counts_words_as_tokens_and_records_what_it_was_asked()
    {
        await using StubProcess stub = await StubProcess.StartAsync(null, "--alias", "tiny:latest");
        using var body = new StringContent("""{"messages":[{"role":"user","content":"one two three"}],"max_tokens":5}""");
        using HttpResponseMessage response = await stub.Client.PostAsync(new Uri("v1/chat/completions", UriKind.Relative), body);
        response.EnsureSuccessStatusCode();

        string page = await stub.Client.GetStringAsync(new Uri("metrics", UriKind.Relative));

        Assert.Contains("llamacpp:prompt_tokens_total 3\n", page, StringComparison.Ordinal);
        Assert.Contains("llamacpp:tokens_predicted_total 5\n", page, StringComparison.Ordinal);
        Assert.Equal(2, (await stub.RequestsAsync()).Count);
    }

    [Fact]
    public async Task A_fault_can_be_switched_on_while_the_stub_runs()
    {
        await using StubProcess stub = await StubProcess.StartAsync();
        await stub.SetFaultsAsync("""{"metrics_truncate": 10}""");

        await Assert.ThrowsAnyAsync<HttpRequestException>(() => stub.Client.GetStringAsync(new Uri("metrics", UriKind.Relative)));
    }
}
