using LLama.Native;
using ModelRunner.LlamaHost.Arguments;

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
    [InlineData("--frobnicate", "invalid argument: --frobnicate")]
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
    public void The_help_names_every_argument_once()
    {
        string usage = ArgumentParser.Usage();

        Assert.All(
            ArgumentCatalog.All,
            argument => Assert.Equal(2, usage.Split(argument.Names[0] + (argument.Names.Length > 1 ? "," : " ")).Length));
    }
}
