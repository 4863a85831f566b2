using ModelRunner.Store.Foreign;

namespace ModelRunner.Store.Tests.Foreign;

/// <summary>The tags of files of LM Studio.</summary>
public sealed class OwnTagsTests
{
    private static readonly string[] Files =
    [
        "otter.gguf", "Otter.gguf", "OTTER.gguf", "Q8_0.gguf", "Lark-Q8_0.gguf", "x/otter-Q4_K_M.gguf", "y/otter-Q4_K_M.gguf", "a/otter-Q4_K_M.gguf",
        "x-otter-Q4_K_M.gguf", "wren-F16.gguf", "z/wren.gguf",
    ];

    [Fact]
    public void Files_with_the_same_name_have_their_folder_in_the_tag()
    {
        Assert.Equal(["x-otter-Q4_K_M", "y-otter-Q4_K_M"], Choose("x/otter-Q4_K_M.gguf", "y/otter-Q4_K_M.gguf"));
        Assert.Equal(["a-otter-Q4_K_M", "x-otter-Q4_K_M", "y-otter-Q4_K_M"], Choose("a/otter-Q4_K_M.gguf", "x/otter-Q4_K_M.gguf", "y/otter-Q4_K_M.gguf"));
        Assert.Equal(["Q4_K_M"], Choose("x/otter-Q4_K_M.gguf"));
        Assert.Equal(["otter-Q4_K_M", "lark-Q4_K_M"], Choose("x/otter-Q4_K_M.gguf", "lark-Q4_K_M.gguf"));
    }

    [Fact]
    public void Files_whose_names_differ_only_in_case_have_a_hash_in_the_tag()
    {
        string[] two = Choose("otter.gguf", "Otter.gguf"), three = Choose("OTTER.gguf", "otter.gguf", "Otter.gguf");

        Assert.Equal(two, three[1..]);
        Assert.Matches("^otter-[0-9a-f]{8}$", two[0]);
        Assert.NotEqual(two[0], two[1], StringComparer.OrdinalIgnoreCase);
    }

    [Fact]
    public void Two_models_in_parts_whose_names_differ_only_in_the_count_have_two_tags()
    {
        IReadOnlyDictionary<string, string> tags = OwnTags.Choose([("a-00001-of-00002.gguf", "a"), ("a-00001-of-00003.gguf", "a"), ("a.gguf", "a.gguf")]);

        Assert.Equal(3, tags.Values.Distinct(StringComparer.OrdinalIgnoreCase).Count());
    }

    /// <summary>All pairs of sets that differ in one file.</summary>
    [Fact]
    public void A_tag_never_changes_its_file_because_another_one_is_added()
    {
        for (int set = 1; set < 1 << Files.Length; set++)
        {
            string[] chosen = [.. Files.Where((_, index) => (set & (1 << index)) != 0)];
            Dictionary<string, string> tags = TagsOf(chosen);
            foreach (string added in Files.Except(chosen))
                foreach ((string tag, string file) in TagsOf([.. chosen, added]))
                    Assert.Equal(file, tags.GetValueOrDefault(tag, file));
        }
    }

    private static Dictionary<string, string> TagsOf(string[] files) =>
        Choose(files).Zip(files).ToDictionary(static file => file.First, static file => file.Second, StringComparer.OrdinalIgnoreCase);

    private static string[] Choose(params string[] files)
    {
        IReadOnlyDictionary<string, string> tags = OwnTags.Choose([.. files.Select(static file => (file, file))]);
        return [.. files.Select(file => tags[file])];
    }
}
