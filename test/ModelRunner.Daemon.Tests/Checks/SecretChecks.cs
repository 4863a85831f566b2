using System.Net.Http.Headers;
using System.Text;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Checks;

/// <summary>Check 43: secrets of the daemon and of its clients are in nothing that it writes.</summary>
public sealed class SecretChecks
{
    private const string Key = "canary-of-the-key";
    private const string WrongKey = "canary-of-a-wrong-key";
    private const string Prompt = "canary-of-a-prompt";
    private const string Variable = "canary-of-the-environment";
    private const string Header = "canary-of-a-header";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("info")]
    [InlineData("debug")]
    public async Task Check_43_Keys_prompts_and_variables_are_in_no_log_no_error_no_page_and_no_runner(string level)
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            HasTcp = true,
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal)
            {
                ["MODEL_RUNNER_API_KEY"] = Key, ["HF_TOKEN"] = Variable, ["AWS_SECRET_ACCESS_KEY"] = Variable, ["OPENAI_API_KEY"] = Variable, ["LLAMA_API_KEY"] = Variable,
                ["LD_LIBRARY_CANARY"] = Variable, ["LOG_LEVEL"] = level,
            },
        });
        using var tcp = new HttpClient { BaseAddress = daemon.TcpAddress };
        var written = new StringBuilder();
        foreach (string key in (string[])[Key, WrongKey])
        {
            foreach ((HttpMethod method, string path, string? body) in ((HttpMethod, string, string?)[])
                [
                    (HttpMethod.Post, "v1/chat/completions", $$"""{"model":"tiny-chat","messages":[{"role":"user","content":"{{Prompt}}"}],"user":"{{Prompt}}"}"""),
                    (HttpMethod.Post, "v1/chat/completions", $$"""{"model":"nothing","messages":[{"role":"user","content":"{{Prompt}}"}]}"""),
                    (HttpMethod.Post, "v1/chat/completions", $$"""{"model":"tiny-chat","messages":[{"role":"user","content":"{{Prompt}}"}]"""),
                    (HttpMethod.Post, "v1/messages", $$"""{"messages":[{"role":"user","content":"{{Prompt}}"}]}"""),
                    (HttpMethod.Post, "engines/unload", $$"""{"prompt":"{{Prompt}}"}"""),
                    (HttpMethod.Get, $"nothing?token={Header}", null),
                    (HttpMethod.Get, "metrics", null), (HttpMethod.Get, "engines/ps", null), (HttpMethod.Get, "engines/status", null),
                    (HttpMethod.Get, "engines/decisions", null), (HttpMethod.Get, "logs", null), (HttpMethod.Get, "usage", null),
                ])
            {
                using var request = new HttpRequestMessage(method, path);
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
                request.Headers.Add("Cookie", $"session={Header}");
                request.Headers.Add("X-Forwarded-For", Header);
                if (body is not null)
                    request.Content = new StringContent(body, Encoding.UTF8, "application/json");
                using HttpResponseMessage response = await tcp.SendAsync(request, Cancellation);
                written.Append(response.Headers).Append(await response.Content.ReadAsStringAsync(Cancellation));
                Assert.Equal(key == WrongKey, (int)response.StatusCode == 401);
            }
        }

        await daemon.PostAsync("v1/chat/completions", """{"model":"tiny-chat","messages":[]}""");
        int runner = await daemon.RunnerProcessAsync();
        written.Append(await File.ReadAllTextAsync($"/proc/{runner}/environ", Cancellation)).Append(string.Join(' ', ProcessTable.ArgumentsOf(runner)));
        using HttpClient stub = DaemonFixture.RunnerClient(runner);
        string received = await stub.GetStringAsync(new Uri("stub/requests", UriKind.Relative), Cancellation);
        await daemon.EndWellAsync();
        written.Append(daemon.Log).Append(daemon.Output);

        // The runner gets the prompt, and nothing else of these.
        Assert.Contains(Prompt, received, StringComparison.Ordinal);
        foreach (string canary in (string[])[Key, WrongKey, Header, Variable])
            Assert.DoesNotContain(canary, received, StringComparison.Ordinal);
        foreach (string canary in (string[])[Key, WrongKey, Header, Variable, Prompt])
            Assert.DoesNotContain(canary, written.ToString(), StringComparison.Ordinal);
        Figures.Print($"5 canaries, 0 hits in {written.Length} characters at level {level}");
    }
}
