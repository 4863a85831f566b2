using ModelRunner.Store.Http;
using ModelRunner.Store.HuggingFace;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Tests.HuggingFace;

/// <summary>Which file of a repository a tag means.</summary>
public sealed class ModelChoiceTests
{
    private static readonly Digest Any = new(Digest.Sha256, new string('0', 64));

    [Theory]
    [InlineData("Q4_K_M", "M-Q4_K_M.gguf M-Q4_K_S.gguf", "M-Q4_K_M.gguf")]
    [InlineData("q4_k_s", "M-Q4_K_M.gguf M-Q4_K_S.gguf", "M-Q4_K_S.gguf")]
    [InlineData("F16", "M-BF16.gguf M-F16.gguf", "M-F16.gguf")]
    [InlineData("BF16", "M-BF16.gguf M-F16.gguf", "M-BF16.gguf")]
    [InlineData("UD-Q4_K_XL", "M-Q4_K_XL.gguf M-UD-Q4_K_XL.gguf", "M-UD-Q4_K_XL.gguf")]
    [InlineData("Q8_0", "Q8_0/M-00001-of-00001.gguf Q4_0/M-00001-of-00001.gguf", "Q8_0/M-00001-of-00001.gguf")]
    [InlineData("M-UD-Q2_K", "M-Q2_K.gguf M-UD-Q2_K.gguf", "M-UD-Q2_K.gguf")]
    [InlineData("A-Q2_K", "A-Q2_K.gguf B-Q2_K.gguf", "A-Q2_K.gguf")]
    [InlineData("7B", "M-7B-Q2_K.gguf M-8B-Q2_K.gguf", "M-7B-Q2_K.gguf")]
    public void A_tag_means_the_file_that_has_it(string tag, string paths, string expected) =>
        Assert.Equal(expected, ModelChoice.ByTag(Group(paths), Name(tag)).Path);

    [Theory]
    [InlineData("Q5_K_M", "M-Q4_K_M.gguf M-Q2_K.gguf", "has no quantization Q5_K_M; write one of these after the colon: Q2_K (11.00 MB), Q4_K_M (13.00 MB)")]
    [InlineData("Q4", "M-Q4_K_M.gguf", "has no quantization Q4;")]
    [InlineData("Q2_K", "A-Q2_K.gguf B-Q2_K.gguf", "has several models for Q2_K; write one of these after the colon: A-Q2_K (11.00 MB), B-Q2_K (11.00 MB)")]
    public void No_or_several_files_are_an_error_with_the_choices(string tag, string paths, string expected)
    {
        RemoteException failure = Assert.Throws<RemoteException>(() => ModelChoice.ByTag(Group(paths), Name(tag)));
        Assert.Equal(RemoteReason.NotFound, failure.Reason);
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("M-Q8_0.gguf M-Q4_K_M.gguf M-Q2_K.gguf", "M-Q4_K_M.gguf")]
    [InlineData("M-Q8_0.gguf M-Q4_0.gguf M-Q2_K.gguf", "M-Q4_0.gguf")]
    [InlineData("M-Q8_0.gguf M-F16.gguf M-Q6_K.gguf", "M-Q8_0.gguf")]
    [InlineData("M-IQ3_XXS.gguf M-F16.gguf M-Q6_K.gguf", "M-F16.gguf")]
    public void Without_a_tag_the_usual_one_is_wanted(string paths, string expected) =>
        Assert.Equal(expected, ModelChoice.Default(Group(paths), static _ => 0, null)?.Path);

    [Theory]
    [InlineData("m/mmproj-F32.gguf mmproj-F16.gguf", "m/q/M.gguf", "m/mmproj-F32.gguf")]
    [InlineData("mmproj-BF16.gguf mmproj-F16.gguf mmproj-Q8_0.gguf", "M.gguf", "mmproj-F16.gguf")]
    [InlineData("mmproj-F32.gguf mmproj-Q8_0.gguf mmproj-BF16.gguf", "M.gguf", "mmproj-BF16.gguf")]
    [InlineData("other/mmproj-F16.gguf m/mmproj-model.gguf", "mm/M.gguf", null)]
    public void The_projector_is_the_nearest_one(string projectors, string model, string? expected) =>
        Assert.Equal(expected, ProjectorRule.Choose(projectors.Split(' ').Select(static path => new RepositoryFile(path, 1, Any)), model)?.Path);

    [Theory]
    [InlineData("main/a/Tiny-Q8_0.gguf", "a/Tiny-Q8_0.gguf Tiny-Q4_0.gguf", "Q8_0")]
    [InlineData("main/X-Q8_0.gguf", "X-Q8_0.gguf Y-Q8_0.gguf", "X-Q8_0")]
    [InlineData("main/Y-Q8_0.gguf", "X-Q8_0.gguf Y-Q8_0.gguf", "Y-Q8_0")]
    [InlineData("main/b/X-Q8_0.gguf", "a/X-Q8_0.gguf b/X-Q8_0.gguf", "X-Q8_0-2")]
    [InlineData("main/Tiny-chat.gguf", "Tiny-chat.gguf", "latest")]
    [InlineData("main/Big-IQ4_XS-00001-of-00001.gguf", "Big-IQ4_XS-00001-of-00001.gguf", "IQ4_XS")]
    [InlineData("main/-.odd,name.gguf", "-.odd,name.gguf M-Q8_0.gguf", "odd-name")]
    [InlineData("v1%2Fa/Tiny-Q8_0.gguf", "Tiny-Q8_0.gguf", "Q8_0-v1-a")]
    public void The_address_of_a_file_gets_the_tag_that_no_other_file_has(string file, string paths, string expected)
    {
        IReadOnlyList<RepositoryModel> models = Group(paths);
        ArtifactName name = ArtifactNameParser.Parse($"https://huggingface.co/Org/Repo/resolve/{file}");

        Assert.Equal(expected, HubTag.Of(name, models.Single(model => model.Path == name.File!.Path), models.Count == 1));
    }

    private static ArtifactName Name(string tag) => ArtifactNameParser.Parse($"hf.co/Org/Repo:{tag}");

    // Longer names are larger files.
    private static IReadOnlyList<RepositoryModel> Group(string paths) =>
        RepositoryModels.Of(paths.Split(' ').Select(static path => new RepositoryFile(path, path.Length * 1_000_000, Any))).Models;
}
