using System.Net;
using System.Text.Json;
using ModelRunner.LlamaHost.Tests.Processes;
using ModelRunner.Testing;

namespace ModelRunner.LlamaHost.Tests.Http;

public sealed class RoleTests(ChatHostFixture fixture) : IClassFixture<ChatHostFixture>
{
    private readonly HostProcess _host = fixture.Host;

    [Fact]
    public async Task The_developer_is_the_system()
    {
        string prompt = await PromptAsync(_host, """[{"role":"developer","content":"Be brief."},{"role":"user","content":"hi"}]""");

        Assert.StartsWith("<|im_start|>system\nBe brief.<|im_end|>", prompt, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_template_that_writes_roles_takes_others_too() =>
        Assert.Contains("<|im_start|>context\nhi", await PromptAsync(_host, """[{"role":"context","content":"hi"}]"""));

    [Fact]
    public async Task A_role_that_the_template_does_not_write_is_refused()
    {
        await using HostProcess host = await HostProcess.StartAsync("-m", HostProcess.ChatModel, "--chat-template", "llama2", "-t", "1");

        (HttpStatusCode status, JsonElement error) = await host.AskInVainAsync(
            "/v1/chat/completions", """{"messages":[{"role":"context","content":"hi"}]}""");

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("\"context\"", error.GetProperty("message").GetString());
        Assert.Contains("[INST] hi [/INST]", await PromptAsync(host, """[{"role":"user","content":"hi"}]"""));
    }

    // LLamaSharp gives llama.cpp a null pointer for the 129th role, which ends the process.
    [Fact]
    public async Task Too_many_roles_are_refused()
    {
        string messages = string.Join(',', Enumerable.Range(0, 200).Select(i => $$"""{"role":"role{{i}}","content":"x"}"""));

        (HttpStatusCode status, JsonElement error) = await _host.AskInVainAsync("/v1/chat/completions", $$"""{"messages":[{{messages}}]}""");

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("200 different roles", error.GetProperty("message").GetString());
    }

    private static async Task<string> PromptAsync(HostProcess host, string messages) =>
        (await host.AskAsync("/apply-template", $$"""{"messages":{{messages}}}""")).GetProperty("prompt").GetString()!;
}
