using CsCheck;
using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Tests.Configuration;

public sealed class LlamaArgumentsTests
{
    [Theory]
    [InlineData("-t 4 -ngl 99", "--threads 4 --n-gpu-layers 99")]
    [InlineData("--ctx_size=8192", "--ctx-size 8192")]
    [InlineData("-fa on --no-mmap", "--flash-attn on --no-mmap")]
    [InlineData("--temp 0.7 --seed -1", "--temp 0.7 --seed -1")]
    [InlineData("--gpu-layers all -ts 3,1", "--n-gpu-layers all --tensor-split 3,1")]
    [InlineData("-ot '\\.ffn_.*_exps\\.=CPU,blk\\.(1|2)=CUDA0' --reasoning-preserve", "--override-tensor \\.ffn_.*_exps\\.=CPU,blk\\.(1|2)=CUDA0 --reasoning-preserve")]
    [InlineData("--draft-p-min 0.5", "--spec-draft-p-min 0.5")]
    [InlineData("", "")]
    public void Allowed_arguments_are_passed_on_in_one_spelling(string text, string expected)
    {
        (string[] accepted, string[] problems) = Check(text);
        Assert.Empty(problems);
        Assert.Equal(expected, string.Join(' ', accepted));
    }

    [Theory]
    [InlineData("--ctx-size -5")]
    [InlineData("--ctx-size=-5")]
    [InlineData("-c -1")]
    public void A_negative_context_is_refused_with_the_way_out(string text)
    {
        (string[] accepted, string[] problems) = Check($"{text} --threads 2");
        Assert.Equal(["--threads", "2"], accepted);
        Assert.Equal(
            [$"LLAMA_ARGS: \"{text.Replace('=', ' ')}\" is less than 0; write the tokens of all slots together, or 0 for the whole context of the model; "
                + "contextSize of a model counts per slot."],
            problems);
    }

    [Fact]
    public void Quotes_keep_words_together()
    {
        (string[] accepted, string[] problems) = Check("""--chat-template-kwargs '{"enable_thinking": false}' --seed "7" """);
        Assert.Empty(problems);
        Assert.Equal(["--chat-template-kwargs", """{"enable_thinking": false}""", "--seed", "7"], accepted);
    }

    public static TheoryData<string> OwnedNames =>
    [
        "--model", "-m", "--host", "--port", "--alias", "-a", "--metrics", "--no-metrics", "--embedding", "--embeddings", "--rerank",
        "--reranking", "--api-key", "--api-key-file", "--api-prefix", "--slots", "--no-slots", "--props", "-hf", "--hf-repo", "--model-url",
        "-mu", "--docker-repo", "--models-dir", "--webui", "--no-webui", "--sleep-idle-seconds", "--log-disable", "--offline", "--mmproj", "-mm",
        "--model-draft", "-md", "--spec-draft-model",
    ];

    public static TheoryData<string> ForbiddenNames =>
    [
        "--log-file", "--slot-save-path", "--rpc", "--lora", "--mmproj-url", "--media-path", "--grammar-file", "--json-schema-file",
        "--chat-template-file", "--ssl-key-file", "--ssl-cert-file", "--control-vector", "--lookup-cache-dynamic", "--tools", "-hfd",
        "--hf-repo-draft", "--spec-draft-hf", "--webui-mcp-proxy",
    ];

    [Theory]
    [MemberData(nameof(OwnedNames))]
    public void Arguments_that_the_daemon_sets_are_refused_by_name(string name)
    {
        foreach (string text in Spellings(name))
        {
            (string[] accepted, string[] problems) = Check(text);
            Assert.Empty(accepted);
            Assert.Contains("is set by the daemon itself", Assert.Single(problems), StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(ForbiddenNames))]
    public void Arguments_that_use_files_or_connections_are_never_allowed(string name)
    {
        foreach (string text in Spellings(name))
        {
            (string[] accepted, string[] problems) = Check(text);
            Assert.Empty(accepted);
            Assert.Contains("is never allowed because it", Assert.Single(problems), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("-mfoo")]
    [InlineData("--future-flag")]
    [InlineData("\u2014host")]
    [InlineData("\u2010\u2010model")]
    [InlineData("LLAMA_ARG_HOST=0.0.0.0")]
    [InlineData("model.gguf")]
    [InlineData("--")]
    [InlineData("-")]
    [InlineData("--HOST")]
    [InlineData("--seed --log-file")]
    [InlineData("--seed")]
    [InlineData("--seed seven")]
    [InlineData("--chat-template ../../etc/passwd")]
    [InlineData("--chat-template -m")]
    [InlineData("--device /dev/mem")]
    [InlineData("--mlock=1")]
    [InlineData("--chat-template-kwargs [1]")]
    [InlineData("'--seed 7'")]
    [InlineData("'--threads\n4'")]
    [InlineData("--threads '4\n--port 1'")]
    [InlineData("'--host\0' x")]
    [InlineData("--seed 'unclosed")]
    [InlineData("--threads 99999999999")]
    [InlineData("--temp 1e400")]
    [InlineData("-ot CPU")]
    [InlineData("-ot =CPU")]
    [InlineData("-ot --metrics=1")]
    public void All_other_arguments_are_refused(string text)
    {
        (string[] accepted, string[] problems) = Check(text);
        Assert.Empty(accepted);
        Assert.NotEmpty(problems);
        Assert.All(problems, static problem => Assert.DoesNotContain('\n', problem));
    }

    [Fact]
    public void Only_listed_arguments_are_accepted()
    {
        string[] words =
        [
            "--model", "-m", "--seed", "--host", "=", "-t", "4", "--log-file", "x", "--rpc", "\"", "--ctx_size", "-c", "--log_file", "--metrics",
        ];
        Gen<string> word = Gen.OneOf(Gen.String, Gen.Int[0, words.Length - 1].Select(index => words[index]));
        word.Array[0, 8].Sample(static chosen =>
        {
            (string[] accepted, _) = Check(string.Join(' ', chosen));
            for (int i = 0; i < accepted.Length; i++)
            {
                Assert.True(LlamaArgumentTable.Arguments.TryGetValue(accepted[i], out LlamaArgument argument), accepted[i]);
                if (argument.Kind != LlamaValueKind.None)
                    i++;
            }
        });
    }

    [Fact]
    public void The_last_number_is_used()
    {
        Assert.Equal(3, LlamaArguments.FindInteger(["--parallel", "2", "--parallel", "3"], "--parallel"));
        Assert.Null(LlamaArguments.FindInteger(["--threads", "2"], "--parallel"));
    }

    [Fact]
    public void A_similar_name_is_suggested() => Assert.Contains("did you mean --threads?", Assert.Single(Check("--thread 4").Problems), StringComparison.Ordinal);

    [Theory]
    [InlineData("--tmp 1", "--temp")]
    [InlineData("-threads 4", "--threads")]
    [InlineData("--npp 2", null)]
    [InlineData("--sd 2", null)]
    [InlineData("-ngll 2", null)]
    [InlineData("--completely-different", null)]
    public void A_suggestion_is_a_long_name_that_is_similar(string text, string? hint)
    {
        string problem = Assert.Single(Check(text).Problems);

        Assert.Equal(hint is not null, problem.EndsWith('?'));
        if (hint is not null)
            Assert.EndsWith($"did you mean {hint}?", problem, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Spellings(string name) =>
        [name, $"{name} x", $"{name}=x", $"  {name}\tx", $"'{name}' 'x'", .. name.StartsWith("--", StringComparison.Ordinal) ? new[] { $"--{name[2..].Replace('-', '_')} x" } : []];

    private static (string[] Accepted, string[] Problems) Check(string text)
    {
        var problems = new List<ConfigurationProblem>();
        IReadOnlyList<string> accepted = LlamaArguments.Resolve(new WrittenValue("LLAMA_ARGS", text, OptionSource.Environment), problems);
        return ([.. accepted], [.. problems.Select(static problem => problem.ToString())]);
    }
}
