using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.LlamaHost.Tests.Processes;

public sealed class GrammarWatchTests
{
    // Every further character doubles the ways in which the text can be matched, and llama.cpp follows them all.
    private const string Endless =
        """root ::= a\na ::= . (a a? | b b? | c c?) | .\nb ::= . (a b? | c a?) | .\nc ::= . (b c | a c) | .""";

    [Fact]
    public async Task A_grammar_without_end_ends_the_program_and_not_the_machine()
    {
        await using HostProcess host = await HostProcess.StartAsync(
            "-m", HostProcess.ChatModel, "-t", "1", "--grammar-timeout", "1");
        using var leave = new CancellationTokenSource();
        Task<HttpResponseMessage> request = host.PostAsync(
            "/v1/completions", $$"""{"prompt":"x","max_tokens":200,"ignore_eos":true,"seed":1,"stream":true,"grammar":"{{Endless}}"}""", leave.Token);

        Assert.Equal(1, await host.WaitForExitAsync());
        Assert.Contains("too many ways to match", host.Log);
        Assert.False(File.Exists(host.SocketPath));
        await leave.CancelAsync();
        await Task.WhenAny(request);
    }

    [Fact]
    public async Task A_program_with_ordinary_grammars_goes_on()
    {
        await using HostProcess host = await HostProcess.StartAsync(
            "-m", HostProcess.ChatModel, "-t", "1", "-np", "1", "-c", "8192", "--grammar-timeout", "1");

        JsonElement reply = await host.AskAsync(
            "/v1/completions", """{"prompt":"Once","max_tokens":4000,"grammar":"root ::= [a-z ]+","ignore_eos":true}""");

        Assert.Equal(4000, reply.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
    }
}
