using System.Text;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Api;
using ModelRunner.Daemon.Responses;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Api;

public sealed class ConfigureRequestTests
{
    [Fact]
    public void Every_member_of_docker_model_runner_is_read()
    {
        ConfigureRequest request = Read("""
            {"model":"a","mode":"embedding","context-size":4096,"runtime-flags":["-t","4","--temp=0.5"],"keep_alive":"1h","llamacpp":{"reasoning-budget":0},
             "speculative":{"draft_model":null},"vllm":null}
            """);

        ModelOverride settings = request.ApplyTo(ModelOverride.None);
        Assert.Equal(("a", RunnerMode.Embedding, true), (request.Model, request.Mode, request.ChangesEngine));
        Assert.Equal((4096, TimeSpan.FromHours(1), 0), (settings.ContextSize, settings.KeepAlive, settings.ReasoningBudget));
        Assert.Equal(["--threads", "4", "--temp", "0.5", "--reasoning-budget", "0"], settings.AddedArguments);
        Assert.Equal(
            ["context-size 4096", "runtime-flags --threads 4 --temp 0.5", "keep_alive 1h", "reasoning-budget 0"], request.Descriptions);
    }

    [Fact]
    public void What_is_not_named_stays_and_null_takes_back()
    {
        var earlier = new ModelOverride { ContextSize = 64, KeepAlive = TimeSpan.Zero, Arguments = ["--mlock"], ReasoningBudget = 5 };

        Assert.True(Read("""{"model":"a"}""").ApplyTo(earlier).IsSameAs(earlier));
        Assert.True(Read("""{"model":"a","llamacpp":{}}""").ApplyTo(earlier).IsSameAs(earlier));
        Assert.True(Read("""{"model":"a","keep_alive":"-1"}""").ApplyTo(earlier).IsSameAs(earlier with { KeepAlive = Timeout.InfiniteTimeSpan }));
        Assert.True(Read("""{"model":"a","context-size":null}""").ApplyTo(earlier).IsSameAs(earlier with { ContextSize = null }));
        Assert.True(Read("""{"model":"a","context-size":0}""").ApplyTo(earlier).IsSameAs(earlier with { ContextSize = null }));
        Assert.True(Read("""{"model":"a","context-size":"auto"}""").ApplyTo(earlier).IsSameAs(earlier with { ContextSize = null, HasAutoContext = true }));
        Assert.True(Read("""{"model":"a","runtime-flags":[]}""").ApplyTo(earlier).IsSameAs(earlier with { Arguments = [] }));
        Assert.True(
            Read("""{"model":"a","context-size":null,"runtime-flags":null,"keep_alive":null,"llamacpp":null}""").ApplyTo(earlier).IsEmpty);
        Assert.False(Read("""{"model":"a","keep_alive":300}""").ChangesEngine);
    }

    [Theory]
    [InlineData("""--temp "0.5" --threads 2""", "--temp|0.5|--threads|2")]
    [InlineData("""  -t   '2'  """, "--threads|2")]
    [InlineData("""--chat-template-kwargs '{"a": "b c"}'""", """--chat-template-kwargs|{"a": "b c"}""")]
    [InlineData("""--override-tensor "\.ffn_.*=CPU" """, """--override-tensor|\.ffn_.*=CPU""")]
    public void Raw_flags_are_split_as_a_shell_splits_them(string raw, string expected)
    {
        string body = $$"""{"model":"a","raw-runtime-flags":{{System.Text.Json.JsonSerializer.Serialize(raw)}}}""";

        Assert.Equal(expected.Split('|'), Read(body).ApplyTo(ModelOverride.None).Arguments);
    }

    [Theory]
    [InlineData("""{"model":"a","runtime-flags":["--host","0.0.0.0"]}""", "runtime-flags", "\"--host\" is set by the daemon itself")]
    [InlineData("""{"model":"a","runtime-flags":["--host=0.0.0.0"]}""", "runtime-flags", "is set by the daemon itself")]
    [InlineData("""{"model":"a","runtime-flags":["--api_key","x"]}""", "runtime-flags", "is set by the daemon itself")]
    [InlineData("""{"model":"a","runtime-flags":["-m","x"]}""", "runtime-flags", "is set by the daemon itself")]
    [InlineData("""{"model":"a","raw-runtime-flags":"--embeddings"}""", "raw-runtime-flags", "the daemon chooses the mode by the route")]
    [InlineData("""{"model":"a","raw-runtime-flags":"--log-file /etc/passwd"}""", "raw-runtime-flags", "it reads or writes files")]
    [InlineData("""{"model":"a","raw-runtime-flags":"--temp 'x"}""", "raw-runtime-flags", "has a quote that is not closed")]
    [InlineData("""{"model":"a","raw-runtime-flags":"-t 1","runtime-flags":["-t","1"]}""", "raw-runtime-flags", "send one of them")]
    [InlineData("""{"model":"a","runtime-flags":"-t 1"}""", "runtime-flags", "is not a list of strings")]
    [InlineData("""{"model":"a","context-size":-2}""", "context-size", "\"context-size\" is -2; send a number of tokens per slot from 1 to 16777216")]
    [InlineData("""{"model":"a","context-size":16777217}""", "context-size", "is 16777217")]
    [InlineData("""{"model":"a","keep_alive":"soon"}""", "keep_alive", "send a duration such as \"10m\"")]
    [InlineData("""{"model":"a","keep_alive":"8761h"}""", "keep_alive", "at most 8760h")]
    [InlineData("""{"model":"a","llamacpp":{"reasoning-budget":-2}}""", "llamacpp", "send a number of tokens, 0 for no thinking")]
    [InlineData("""{"model":"a","llamacpp":{"reasoningbudget":1}}""", "llamacpp", "has no member \"reasoningbudget\"")]
    [InlineData("""{"model":"a","speculative":{"num_tokens":4}}""", "speculative", "names no draft model; send \"draft_model\" too")]
    [InlineData("""{"model":"a","speculative":{"draft_model":"b","num_tokens":257}}""", "speculative", "\"num_tokens\" is 257; send a number of tokens from 1 to 256")]
    [InlineData("""{"model":"a","speculative":{"draft_model":"b","min_acceptance_rate":1.5}}""", "speculative", "send a number from 0 to 1")]
    [InlineData("""{"model":"a","speculative":{"draft_model":"b","tokens":1}}""", "speculative", "has no member \"tokens\"")]
    [InlineData("""{"model":"a","speculative":{"draft_model":5}}""", "speculative", "\"draft_model\" is 5; send the name of a model")]
    [InlineData("""{"model":"a","speculative":"b"}""", "speculative", "send an object with \"draft_model\"")]
    [InlineData("""{"model":"a","vllm":{"gpu-memory-utilization":0.5}}""", "vllm", "has no effect here")]
    [InlineData("""{"model":"a","mode":"image-generation"}""", "mode", "send completion, embedding or reranking")]
    [InlineData("""{"model":"a","contextsize":1}""", "contextsize", "did you mean \"context-size\"?")]
    [InlineData("""{"context-size":1}""", "model", "the request names no model")]
    [InlineData("""[]""", null, "is not a JSON object")]
    [InlineData("""{"model":"\ud800"}""", null, "unpaired surrogate")]
    [InlineData("""{""", null, "is not valid JSON")]
    public void A_wrong_request_is_refused_with_the_way_out(string body, string? param, string sentence)
    {
        ApiError error = Assert.Throws<ApiException>(() => Read(body)).Error;

        Assert.Equal((400, param), (error.Status, error.Param));
        Assert.Contains(sentence, error.Message, StringComparison.Ordinal);
    }

    /// <summary>The values are those of the client, also if they look like words of the API.</summary>
    [Theory]
    [InlineData("""{"model":"a","context-size":"; send \"x\""}""", "--context-size is \"; send \\\"x\\\"\"; write a number of tokens per slot from 1 to 16777216, ")]
    [InlineData("""{"model":"a","keep_alive":"keep_alive"}""", "--keep-alive is \"keep_alive\"; write a duration such as ")]
    [InlineData("""{"model":"a","llamacpp":{"reasoning-budget":"send"}}""", "--reasoning-budget is \"send\"; write a number of tokens, ")]
    [InlineData("""{"model":"a","runtime-flags":["--host"]}""", "\"--host\" is set by the daemon itself")]
    public void The_command_line_has_words_of_its_own(string body, string beginning)
    {
        ApiError error = Assert.Throws<ApiException>(() => Read(body)).Error;

        Assert.StartsWith(beginning, error.CommandLine, StringComparison.Ordinal);
        Assert.NotEqual(error.Message, error.CommandLine);
    }

    private static ConfigureRequest Read(string body) => ConfigureRequest.Read(Encoding.UTF8.GetBytes(body));
}
