using ModelRunner.Store.Names;

namespace ModelRunner.Store.Tests.Names;

public sealed class ArtifactNameParserTests
{
    private const string Hash = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    [Theory]
    [InlineData("smollm2", "docker.io/ai/smollm2:latest")]
    [InlineData(" smollm2 ", "docker.io/ai/smollm2:latest")]
    [InlineData("smollm2:360M-Q4_K_M", "docker.io/ai/smollm2:360M-Q4_K_M")]
    [InlineData("SmolLM2:", "docker.io/ai/smollm2:latest")]
    [InlineData("ai/smollm2", "docker.io/ai/smollm2:latest")]
    [InlineData("myorg/x", "docker.io/myorg/x:latest")]
    [InlineData("docker.io/x", "docker.io/ai/x:latest")]
    [InlineData("index.docker.io/ai/x:a", "docker.io/ai/x:a")]
    [InlineData("reg.example/x", "reg.example/x:latest")]
    [InlineData("Reg.Example/X/Y:Z", "reg.example/x/y:Z")]
    [InlineData("localhost/x", "localhost/x:latest")]
    [InlineData("localhost:5000/a/b:t", "localhost:5000/a/b:t")]
    [InlineData("127.0.0.1:5000/a", "127.0.0.1:5000/a:latest")]
    [InlineData("[::1]:5000/a:b", "[::1]:5000/a:b")]
    [InlineData("[fd00:0::1]/a:b", "[fd00:0::1]/a:b")]
    [InlineData("reg.example:65535/a", "reg.example:65535/a:latest")]
    [InlineData("10.0.0.1:443/a", "10.0.0.1:443/a:latest")]
    [InlineData("hf.co/Org/Repo-GGUF:Q8_0", "huggingface.co/org/repo-gguf:Q8_0")]
    [InlineData("HF.co/Org/Repo", "huggingface.co/org/repo:latest")]
    [InlineData("huggingface.co/o/r:q", "huggingface.co/o/r:q")]
    [InlineData("https://huggingface.co/Org/Repo", "huggingface.co/org/repo:latest")]
    [InlineData("https://www.huggingface.co/Org/Repo/tree/main", "huggingface.co/org/repo:latest")]
    [InlineData("https://hf.co/Org/Repo:Q4_0", "huggingface.co/org/repo:Q4_0")]
    [InlineData("hf.co/Org/Repo_-_GGUF", "huggingface.co/org/repo_-_gguf:latest")]
    [InlineData("a/b__c---d.e_f", "docker.io/a/b__c---d.e_f:latest")]
    [InlineData("x:t@" + Hash, "docker.io/ai/x:t")]
    [InlineData("0123456789ab", "docker.io/ai/0123456789ab:latest")]
    public void A_name_gets_the_defaults_of_Docker_Model_Runner(string text, string expected) =>
        Assert.Equal(expected, ArtifactNameParser.Parse(text).ToString());

    [Fact]
    public void The_parts_that_the_canonical_name_does_not_show_are_kept()
    {
        ArtifactName name = ArtifactNameParser.Parse("hf.co/Org/Repo:Q4@" + Hash);

        Assert.True(name.IsOnHuggingFace && name.HasWrittenTag);
        Assert.Equal("Org/Repo", name.WrittenRepository);
        Assert.Equal(Hash, name.Target);
        Assert.False(ArtifactNameParser.Parse("x:").HasWrittenTag);
        Assert.Equal("latest", ArtifactNameParser.Parse("x").Target);
        Assert.Equal("ai/x:latest", ArtifactNameParser.Parse("x").ToShortString());
        Assert.Equal("a.b/x:latest", ArtifactNameParser.Parse("a.b/x").ToShortString());
    }

    /// <summary>A name becomes a part of a URL (CVE-2026-7020) and is shown.</summary>
    [Theory]
    [InlineData("", "is empty")]
    [InlineData(Hash, "is the id of a model")]
    [InlineData("sha256:0123456789ab", "is the id of a model")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "is the id of a model")]
    [InlineData("sha256:8357", "is the id of a model")]
    [InlineData("SHA256:8357ABCD", "is the id of a model")]
    [InlineData("sha256:", "is the id of a model")]
    [InlineData("/", "invalid name")]
    [InlineData("a//b", "invalid name")]
    [InlineData("a/../b", "invalid name")]
    [InlineData("../x", "invalid registry")]
    [InlineData("a/b%2f..", "invalid name")]
    [InlineData("a/b?x=1", "invalid name")]
    [InlineData("a/b#c", "invalid name")]
    [InlineData("a\\b", "invalid name")]
    [InlineData("a b", "invalid name")]
    [InlineData("a\u0000b", "invalid name")]
    [InlineData("a/b\n/c", "invalid name")]
    [InlineData("müller/x", "invalid name")]
    [InlineData("a___b", "invalid name")]
    [InlineData("x:.t", "invalid tag")]
    [InlineData("x:a b", "invalid tag")]
    [InlineData("x:é", "invalid tag")]
    [InlineData("reg.example:123456/x", "invalid registry")]
    [InlineData("reg.example:99999/a/b", "invalid registry")]
    [InlineData("reg.example:65536/a/b", "invalid registry")]
    [InlineData("reg.example:0/a/b", "invalid registry")]
    [InlineData("127.0.0.1:99999/a/b", "invalid registry")]
    [InlineData("[:::]/a/b", "invalid registry")]
    [InlineData("[::1]:99999/a/b", "invalid registry")]
    [InlineData("[1.2.3.4]/a/b", "invalid registry")]
    [InlineData("0x7f.1/a/b", "invalid registry")]
    [InlineData("2130706433:5000/a/b", "invalid registry")]
    [InlineData("010.0.0.1/a/b", "invalid registry")]
    [InlineData("user:password@reg.example/x", "no valid digest")]
    [InlineData("-a.b/x", "invalid registry")]
    [InlineData("x@sha256:abc", "no valid digest")]
    [InlineData("http://localhost:5000/x", "is a URL")]
    [InlineData("hf.co/repo", "no repository of Hugging Face")]
    [InlineData("hf.co/a/b/c.gguf", "no address of a file on Hugging Face")]
    [InlineData("https://huggingface.co/a/b/tree/v2", "no address of a file on Hugging Face")]
    [InlineData("https://huggingface.co/a/b/blob/main/x.safetensors", "is no GGUF file")]
    [InlineData("https://huggingface.co/a/b/blob/main/..%2Fx.gguf", "no valid path")]
    [InlineData("https://huggingface.co/a/b/blob/a..b/x.gguf", "no valid revision")]
    [InlineData("https://huggingface.co/a", "names no repository")]
    [InlineData("https://hf.co.example/a/b", "is a URL")]
    public void An_invalid_name_is_refused_with_the_reason(string text, string expected)
    {
        Assert.False(ArtifactNameParser.TryParse(text, out _, out string? problem));
        Assert.Contains(expected, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void The_limits_of_lengths_are_exact()
    {
        string repository = "a/" + new string('b', ArtifactNameParser.MaxName - "docker.io/a/".Length);
        Assert.True(ArtifactNameParser.TryParse(repository, out _, out _));
        Assert.False(ArtifactNameParser.TryParse(repository + "b", out _, out _));
        Assert.True(ArtifactNameParser.TryParse("a:" + new string('t', 128), out _, out _));
        Assert.False(ArtifactNameParser.TryParse("a:" + new string('t', 129), out _, out _));
    }

    [Theory]
    [InlineData("https://huggingface.co/Org/Repo/blob/main/a/b%20c-Q4_0.gguf", "main/a/b c-Q4_0.gguf")]
    [InlineData("hf.co/Org/Repo/resolve/refs%2Fpr%2F3/x.GGUF?download=true", "refs/pr/3/x.GGUF")]
    public void An_address_of_Hugging_Face_names_one_file(string text, string expected)
    {
        ArtifactName name = ArtifactNameParser.Parse(text);
        Assert.Equal(expected, name.File?.ToString());
        Assert.Equal(("Org/Repo", expected), (name.WrittenRepository, name.Target));
        Assert.Equal(name, ArtifactNameParser.Parse(name.ToWrittenString()));
    }
}
