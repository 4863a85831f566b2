using System.Net;
using System.Runtime.InteropServices;
using System.Text.Json;
using ModelRunner.LlamaHost.Tests.Processes;
using ModelRunner.Testing;

namespace ModelRunner.LlamaHost.Tests.Http;

public sealed class EmbeddingTests(EmbeddingHostFixture fixture) : IClassFixture<EmbeddingHostFixture>
{
    private const string Path = "/v1/embeddings";

    private readonly HostProcess _host = fixture.Host;

    [Fact]
    public async Task A_text_becomes_a_vector_of_length_one()
    {
        JsonElement reply = await _host.AskAsync(Path, """{"input":"the quick fox"}""");

        float[] vector = Vector(reply, 0);
        Assert.Equal(64, vector.Length);
        Assert.Equal(1, Math.Sqrt(vector.Sum(number => (double)number * number)), 1e-5);
        Assert.Equal("tiny-embed", reply.GetProperty("model").GetString());
        Assert.Equal(
            reply.GetProperty("usage").GetProperty("prompt_tokens").GetInt32(),
            reply.GetProperty("usage").GetProperty("total_tokens").GetInt32());
    }

    [Fact]
    public async Task Many_inputs_become_many_vectors_in_order()
    {
        string[] texts = [.. Enumerable.Range(0, 40).Select(i => $"fox {i} and the {(char)('a' + (i % 26))}")];
        JsonElement together = await _host.AskAsync(Path, $$"""{"input":[{{string.Join(',', texts.Select(text => $"\"{text}\""))}}]}""");

        Assert.Equal(40, together.GetProperty("data").GetArrayLength());
        foreach (int i in (int[])[0, 7, 39])
        {
            JsonElement alone = await _host.AskAsync(Path, $$"""{"input":"{{texts[i]}}"}""");
            AssertNear(Vector(alone, 0), Vector(together, i), 1e-4);
            Assert.Equal(i, together.GetProperty("data")[i].GetProperty("index").GetInt32());
        }
    }

    [Fact]
    public async Task Base64_carries_the_same_numbers()
    {
        JsonElement plain = await _host.AskAsync(Path, """{"input":[2,7,9,3],"encoding_format":"float"}""");
        JsonElement coded = await _host.AskAsync(Path, """{"input":[[2,7,9,3]],"encoding_format":"base64"}""");

        byte[] bytes = coded.GetProperty("data")[0].GetProperty("embedding").GetBytesFromBase64();
        AssertNear(Vector(plain, 0), MemoryMarshal.Cast<byte, float>(bytes).ToArray(), 1e-6);
    }

    [Fact]
    public async Task Tokens_are_counted()
    {
        double before = await _host.MetricAsync("prompt_tokens_total");

        JsonElement reply = await _host.AskAsync(Path, """{"input":["one fox","two foxes"]}""");

        Assert.True(
            await _host.MetricAsync("prompt_tokens_total") >= before + reply.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    [Theory]
    [InlineData("{\"input\":[]}", "must not be empty")]
    [InlineData("{}", "\"input\" must be provided")]
    [InlineData("{\"input\":5}", "not 5")]
    [InlineData("{\"input\":[480]}", "from 0 to 479")]
    [InlineData("{\"input\":\"x\",\"encoding_format\":\"hex\"}", "\"hex\"")]
    [InlineData("{\"input\":\"x\",\"dimensions\":32}", "64, the length of this model's vectors")]
    [InlineData("{\"input\":\"x\",\"embd_normalize\":-1}", "\"embd_normalize\" with the value -1")]
    public async Task A_wrong_request_is_told_what_is_wrong(string body, string part)
    {
        (HttpStatusCode status, JsonElement error) = await _host.AskInVainAsync(Path, body);

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(part, error.GetProperty("message").GetString());
    }

    [Fact]
    public async Task An_input_that_is_too_long_is_refused_and_the_next_is_served()
    {
        (HttpStatusCode status, JsonElement error) = await _host.AskInVainAsync(
            Path, $$"""{"input":"{{string.Concat(Enumerable.Repeat("fox ", 600))}}"}""");

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal("exceed_context_size_error", error.GetProperty("type").GetString());
        Assert.Equal(512, error.GetProperty("n_ctx").GetInt32());
        await _host.AskAsync(Path, """{"input":"fox"}""");
    }

    [Fact]
    public async Task The_size_of_the_vectors_may_be_named()
    {
        JsonElement reply = await _host.AskAsync(Path, """{"input":"fox","dimensions":64,"embd_normalize":2}""");

        Assert.Equal(64, Vector(reply, 0).Length);
    }

    [Fact]
    public async Task An_input_may_be_as_long_as_the_context()
    {
        await using HostProcess host = await HostProcess.StartAsync(
            "-m", HostProcess.ChatModel, "--embeddings", "--pooling", "mean", "-c", "4096", "-np", "2", "-t", "1");
        string text = string.Concat(Enumerable.Repeat("fox ", 700));

        JsonElement reply = await host.AskAsync(Path, $$"""{"input":"{{text}}"}""");
        (HttpStatusCode status, JsonElement error) = await host.AskInVainAsync(
            Path, $$"""{"input":"{{string.Concat(Enumerable.Repeat(text, 6))}}"}""");

        Assert.InRange(reply.GetProperty("usage").GetProperty("prompt_tokens").GetInt32(), 513, 2048);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal(2048, error.GetProperty("n_ctx").GetInt32());
        Assert.Contains("--ctx-size", error.GetProperty("message").GetString());
    }

    [Fact]
    public async Task Chat_is_refused()
    {
        (HttpStatusCode status, JsonElement error) = await _host.AskInVainAsync("/v1/chat/completions", HostClient.Chat("hi"));

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("embeddings", error.GetProperty("message").GetString());
    }

    [Fact]
    public async Task The_vectors_are_those_of_llama_server()
    {
        string server = RealLlamaServer.Require();
        await using HostProcess theirs = await HostProcess.StartAsync(
            server, ["-m", HostProcess.EmbeddingModel, "--embeddings", "-t", "1", "--no-ui"]);

        foreach (string text in (string[])["hello", "the quick brown fox", "żółć 🦊", "a"])
        {
            string body = $$"""{"input":"{{text}}"}""";
            JsonElement ours = await _host.AskAsync(Path, body);
            JsonElement other = await theirs.AskAsync(Path, body);
            AssertNear(Vector(other, 0), Vector(ours, 0), 1e-3);
            Assert.Equal(other.GetProperty("usage").GetRawText(), ours.GetProperty("usage").GetRawText());
        }
    }

    private static float[] Vector(JsonElement reply, int index) =>
        [.. reply.GetProperty("data")[index].GetProperty("embedding").EnumerateArray().Select(number => number.GetSingle())];

    private static void AssertNear(float[] expected, float[] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, tolerance));
    }
}
