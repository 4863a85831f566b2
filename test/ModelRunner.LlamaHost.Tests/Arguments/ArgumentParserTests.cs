using LLama.Native;
using ModelRunner.LlamaHost.Arguments;
using ModelRunner.LlamaHost.Generation;

namespace ModelRunner.LlamaHost.Tests.Arguments;

public sealed class ArgumentParserTests
{
    [Fact]
    public void Everything_that_the_daemon_passes_is_understood()
    {
        ArgumentOutcome outcome = ArgumentParser.Parse(
            ["--model", "/m.gguf", "--host", "/run/x.sock", "--alias", "b,a",
                "--metrics", "--embeddings", "--pooling", "mean", "--ctx-size", "8192",
             "--parallel", "2", "--threads", "3", "--no-ui"]);

        Assert.Equal(
            new HostSettings
            {
                ModelPath = "/m.gguf",
                Host = "/run/x.sock",
                Alias = "a",
                HasMetrics = true,
                IsEmbedding = true,
                Pooling = LLamaPoolingType.Mean,
                ContextSize = 8192,
                SlotCount = 2,
                Threads = 3,
            },
            outcome.Settings);
    }

    [Fact]
    public void Short_names_mean_the_same_and_the_last_of_two_wins()
    {
        HostSettings settings =
            ArgumentParser.Parse(["-m", "a", "-m", "b", "-c", "1", "-np", "2", "-t", "-1", "-tb", "4", "-b", "64"]).Settings!;

        Assert.Equal(("b", 1, 2, 0, 4, 64),
            (settings.ModelPath, settings.ContextSize, settings.SlotCount, settings.Threads, settings.BatchThreads, settings.BatchSize));
    }

    [Theory]
    [InlineData("--model", "expected value")]
    [InlineData("model.gguf", "invalid argument: model.gguf")]
    [InlineData("-m x --top-p 2", "a number from 0 to 1")]
    [InlineData("-m x --samplers top_k;magic", "penalties")]
    [InlineData("-m x --parallel 0", "from 1 to 64")]
    [InlineData("-m x --pooling rank", "llama-server")]
    [InlineData("-m x --host nowhere", "neither a path")]
    [InlineData("--metrics", "no model")]
    public void A_problem_is_one_sentence(string arguments, string part)
    {
        ArgumentOutcome outcome = ArgumentParser.Parse(arguments.Split(' '));

        Assert.Null(outcome.Settings);
        Assert.Contains(part, outcome.Problem);
        Assert.DoesNotContain('\n', outcome.Problem!);
    }

    [Fact]
    public void A_socket_path_beyond_the_limit_of_the_system_is_refused()
    {
        string path = "/" + new string('x', 102) + ".sock";

        Assert.Contains("108 bytes", ArgumentParser.Parse(["-m", "x", "--host", path]).Problem);
        Assert.Null(ArgumentParser.Parse(["-m", "x", "--host", path[1..]]).Problem);
    }

    [Fact]
    public void What_only_llama_server_knows_is_left_out_with_its_value()
    {
        ArgumentOutcome outcome = ArgumentParser.Parse(
            ["-m", "x", "--jinja", "--rope-scale", "-0.5", "--n-gpu-layers", "99", "--numa", "distribute", "-fa", "on", "-np", "2"]);

        Assert.Equal(["--jinja", "--rope-scale", "--n-gpu-layers", "--numa", "-fa"], outcome.Ignored);
        Assert.Equal(2, outcome.Settings!.SlotCount);
    }

    [Fact]
    public void Sampling_has_defaults_for_all_requests()
    {
        HostSettings settings = ArgumentParser.Parse(
            ["-m", "x", "--temp", "0.2", "--top-k", "7", "--seed", "5", "--samplers", "top_k;temperature", "--ignore-eos", "--predict", "9",
                "--no-cache-prompt", "--chat-template", "chatml"]).Settings!;

        Assert.Equal((0.2f, 7, 5u, true), (
            settings.Sampling.Temperature, settings.Sampling.TopK, settings.Sampling.Seed, settings.Sampling.IgnoresEnd));
        Assert.Equal([SamplerKind.TopK, SamplerKind.Temperature], settings.Sampling.Order);
        Assert.Equal((9, false, "chatml"), (settings.MaxTokens, settings.UsesCache, settings.ChatTemplate));
    }

    [Fact]
    public void The_help_names_every_spelling()
    {
        string[] words = ArgumentParser.Usage().Split([' ', ',', '\n'], StringSplitOptions.RemoveEmptyEntries);

        Assert.All(ArgumentCatalog.All.SelectMany(argument => argument.Names), name => Assert.Contains(name, words));
        Assert.Equal(ArgumentCatalog.All.Sum(argument => argument.Names.Length), ArgumentCatalog.All.SelectMany(argument => argument.Names).Distinct().Count());
    }
}
