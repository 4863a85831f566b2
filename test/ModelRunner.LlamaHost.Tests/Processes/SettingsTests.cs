using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.LlamaHost.Tests.Processes;

public sealed class SettingsTests
{
    // llama.cpp ends the process where a batch has no room for one token of each slot.
    [Theory]
    [InlineData("--batch-size 32 --parallel 40", "is raised to 40")]
    [InlineData("--ctx-size 10 --parallel 40", "")]
    [InlineData("--batch-size 32 --ubatch-size 32 --parallel 64 --embeddings --pooling mean", "is raised to 64")]
    public async Task A_batch_has_room_for_every_slot(string arguments, string warning)
    {
        await using HostProcess host = await HostProcess.StartAsync(["-m", HostProcess.ChatModel, "-t", "1", .. arguments.Split(' ')]);
        string path = arguments.Contains("--embeddings", StringComparison.Ordinal) ? "/v1/embeddings" : "/v1/completions";

        JsonElement[] replies = await Task.WhenAll(
            Enumerable.Range(0, 64).Select(i => host.AskAsync(path, $$"""{"prompt":"a {{i}}","input":"a {{i}}","max_tokens":20}""")));

        Assert.All(replies, reply => Assert.True(reply.GetProperty("usage").GetProperty("total_tokens").GetInt32() > 0));
        await host.WaitForLogAsync(warning);
    }

    [Fact]
    public async Task Arguments_of_llama_server_alone_cost_one_warning()
    {
        await using HostProcess host = await HostProcess.StartAsync(
            "-m", HostProcess.ChatModel, "-t", "1", "--jinja", "--n-gpu-layers", "99", "--rope-scale", "-1", "--spec-draft-n-max", "4");

        await host.WaitForLogAsync("ignored");
        string warning = Assert.Single(host.Log.Split('\n'), line => line.Contains("ignored", StringComparison.Ordinal));
        Assert.Contains("--jinja --n-gpu-layers --rope-scale --spec-draft-n-max", warning);
        Assert.Contains("LLAMA_SERVER_PATH", warning);
    }

    [Fact]
    public async Task Defaults_of_sampling_hold_for_requests_that_do_not_say()
    {
        await using HostProcess host = await HostProcess.StartAsync(
            "-m", HostProcess.ChatModel, "-t", "1", "--temp", "0", "--predict", "3", "--ignore-eos");

        JsonElement reply = await host.AskAsync("/v1/completions", """{"prompt":"Once upon"}""");

        Assert.Equal(" a time there", reply.GetProperty("choices")[0].GetProperty("text").GetString());
    }
}
