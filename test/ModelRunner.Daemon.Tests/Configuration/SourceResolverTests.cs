using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Tests.Configuration;

public sealed class SourceResolverTests : IDisposable
{
    private readonly ConfigurationFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void Without_the_option_the_usual_folders_of_all_tools_are_read() => Assert.Equal(
        [
            "Docker /home/ada/.docker/models", "HuggingFace /home/ada/.cache/huggingface/hub", "LlamaCpp /home/ada/.cache/llama.cpp",
            "Ollama /home/ada/.ollama/models /usr/share/ollama/.ollama/models",
            "LmStudio /home/ada/.lmstudio/models /home/ada/.cache/lm-studio/models /home/ada/.lmstudio-home-pointer",
        ],
        Sources());

    [Theory]
    [InlineData("HF_HUB_CACHE=/h HF_HOME=/no", "/h")]
    [InlineData("HUGGINGFACE_HUB_CACHE=/h HF_HOME=/no", "/h")]
    [InlineData("HF_HOME=/h XDG_CACHE_HOME=/no", "/h/hub")]
    [InlineData("HF_HOME=~/h", "/home/ada/h/hub")]
    [InlineData("XDG_CACHE_HOME=/x", "/x/huggingface/hub")]
    [InlineData("XDG_CACHE_HOME=relative", "/home/ada/.cache/huggingface/hub")]
    [InlineData("LLAMA_CACHE=/l", "/home/ada/.cache/huggingface/hub /l")]
    public void The_variables_of_Hugging_Face_and_llama_cpp_count(string variables, string folders)
    {
        foreach (string[] variable in variables.Split(' ').Select(static text => text.Split('=')))
            _fixture.Environment[variable[0]] = variable[1];
        _fixture.Flags["--sources"] = "huggingface";

        Assert.Equal([$"HuggingFace {folders}"], Sources());
    }

    [Fact]
    public void The_variables_of_the_other_tools_count()
    {
        (_fixture.Environment["OLLAMA_MODELS"], _fixture.Environment["LLAMA_CACHE"]) = ("/o", "/l");
        _fixture.Environment["MODEL_RUNNER_SOURCES"] = "Ollama, llama.cpp";

        Assert.Equal(["LlamaCpp /l", "Ollama /o"], Sources());
    }

    [Theory]
    [InlineData("""{ "sources": [] }""", 0)]
    [InlineData("""{ "sources": "none" }""", 0)]
    [InlineData("""{ "sources": ["none"] }""", 0)]
    [InlineData("""{ "sources": "all" }""", 5)]
    [InlineData("""{ "sources": ["ollama", "lmstudio", "ollama"] }""", 2)]
    [InlineData("""{ "demo": true }""", 0)]
    [InlineData("""{ "demo": true, "sources": "ollama" }""", 1)]
    public void Each_source_can_be_switched_off(string file, int count)
    {
        _fixture.File = file;

        Assert.Equal(count, Sources().Length);
    }

    [Theory]
    [InlineData("olama", "olama")]
    [InlineData("ollama,none", "none")]
    [InlineData("all,ollama", "all")]
    public void Other_words_are_refused(string sources, string named)
    {
        _fixture.Environment["MODEL_RUNNER_SOURCES"] = sources;

        Assert.Equal(
            $"MODEL_RUNNER_SOURCES: \"{named}\" is not one or more of docker, huggingface, llama.cpp, ollama, lmstudio; or all; or none; change it or leave it out.",
            _fixture.Problem());
    }

    [Fact]
    public void The_store_of_the_daemon_is_always_the_first_source()
    {
        _fixture.File = """{ "sources": "none", "modelsPath": "/m" }""";

        SourceSettings only = Assert.Single(_fixture.Settings().Sources);
        Assert.Equal(SourceKind.Pulled, only.Kind);
        Assert.Equal(["/m/store", "/m"], only.Folders);
    }

    // Without the store of the daemon, which is always there.
    private string[] Sources() => [.. _fixture.Settings().Sources.Skip(1).Select(static source =>
        string.Join(' ', source.Folders.Prepend(source.Kind.ToString()).Append(source.Pointer).OfType<string>()))];
}
