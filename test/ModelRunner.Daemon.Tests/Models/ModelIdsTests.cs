using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;

namespace ModelRunner.Daemon.Tests.Models;

/// <summary>Models are found by their ids and by the digests of their manifests.</summary>
public sealed class ModelIdsTests : IDisposable
{
    private static readonly string Otter = ArtifactBed.Id("aaaaaaaaaaaa", 1);
    private static readonly string Finch = ArtifactBed.Id("bbbbbbbbbbbb", 2);
    private static readonly string Wren = ArtifactBed.Id("bbbbbbbbbbbb", 3);
    private readonly ArtifactBed _bed = new();

    public ModelIdsTests()
    {
        _bed.Add(Otter, 1, "docker.io/ai/otter:latest", "reg.example:5000/zoo/otter:Q4");
        _bed.Add(Finch, 2, "docker.io/ai/finch:latest");
        _bed.Add(Wren, 3);
    }

    public void Dispose() => _bed.Dispose();

    [Theory]
    [InlineData("aaaaaaaaaaaa")]
    [InlineData("sha256:aaaaaaaaaaaa")]
    [InlineData(" sha256:aaaaaaaaaaaa0000 ")]
    public void The_beginning_of_an_id_finds_its_model(string text)
    {
        ModelCatalog catalog = _bed.Catalog();

        Assert.Equal("ai/otter:latest", catalog.Find(text).Model?.Reference);
        Assert.Equal("ai/otter:latest", catalog.Find(Otter).Model?.Reference);
        Assert.Equal("ai/otter:latest", catalog.Find(Otter["sha256:".Length..]).Model?.Reference);
        Assert.Equal(Otter, catalog.Find("otter").Model?.Id.ToString());
    }

    [Theory]
    [InlineData("sha256:8357")]
    [InlineData("SHA256:aaaaaaaaaaaa")]
    [InlineData("sha256:AAAAAAAAAAAA")]
    public void What_is_nearly_an_id_is_explained_and_cannot_be_pulled(string text)
    {
        ModelLookup lookup = _bed.Catalog().Find(text);

        Assert.Null(lookup.Model);
        Assert.Null(lookup.Pullable);
        Assert.EndsWith("an id is sha256: and 12 to 64 lower-case hexadecimal digits, and \"model-runner ls --json\" lists them", lookup.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_without_a_manifest_is_found_by_its_id_too()
    {
        _bed.Folder.Write("models/lark.gguf", SourceBed.Model(9));
        ModelCatalog catalog = _bed.Catalog();

        string id = catalog.Find("lark").Model!.Id.ToString();

        Assert.Matches("^sha256:[0-9a-f]{64}$", id);
        Assert.Equal("lark:latest", catalog.Find(id).Model?.Reference);
        Assert.Equal("lark:latest", catalog.Find(id["sha256:".Length..][..12]).Model?.Reference);
    }

    [Fact]
    public void An_id_that_could_be_several_names_the_choices_and_one_digit_more_decides()
    {
        ModelCatalog catalog = _bed.Catalog();

        ModelLookup lookup = catalog.Find("bbbbbbbbbbbb");

        Assert.Equal(ModelLookupReason.Ambiguous, lookup.Reason);
        Assert.Equal(
            $"the id bbbbbbbbbbbb could be that of any of ai/finch:latest ({Finch}), sha256:bbbbbbbbbbbb ({Wren}); write more of its digits, or the name",
            lookup.Problem);
        Assert.Equal(ModelLookupReason.Ambiguous, catalog.Find("sha256:bbbbbbbbbbbb").Reason);
        Assert.Equal("ai/finch:latest", catalog.Find(Finch).Model?.Reference);
        Assert.Equal("sha256:bbbbbbbbbbbb", catalog.Find(Wren).Model?.Reference);
    }

    [Fact]
    public void A_name_that_looks_like_an_id_stays_a_name()
    {
        _bed.Folder.Write("models/aaaaaaaaaaaa.gguf", SourceBed.Model(9));
        ModelCatalog catalog = _bed.Catalog();

        Assert.Equal("aaaaaaaaaaaa:latest", catalog.Find("aaaaaaaaaaaa").Model?.Reference);
        Assert.Equal("ai/otter:latest", catalog.Find("sha256:aaaaaaaaaaaa").Model?.Reference);
    }

    [Theory]
    [InlineData("otter@")]
    [InlineData("ai/otter:latest@")]
    [InlineData("AI/Otter:old@")]
    [InlineData("docker.io/ai/otter@")]
    [InlineData("reg.example:5000/zoo/otter:Q4@")]
    [InlineData("hf.co/Lab/Otter:Q4_0@")]
    public void A_name_with_the_digest_finds_its_model_whatever_its_tag_means_now(string name) =>
        Assert.Equal("ai/otter:latest", _bed.Catalog().Find(name + Otter).Model?.Reference);

    [Fact]
    public void A_name_with_a_digest_is_never_answered_by_a_model_of_another_digest()
    {
        ModelCatalog catalog = _bed.Catalog();
        string other = ArtifactBed.Id("cccccccccccc", 4);

        ModelLookup unknown = catalog.Find($"ai/otter:latest@{other}");

        Assert.Equal((null, ModelLookupReason.Unknown), (unknown.Model, unknown.Reason));
        Assert.Equal($"there is no model \"ai/otter:latest@{other}\"; \"ai/otter:latest\" here is another one, with the id {Otter}", unknown.Problem);
        Assert.Equal(other, unknown.Pullable?.Pin?.ToString());
        Assert.Equal("sha256:bbbbbbbbbbbb", catalog.Find($"ai/any@{Wren}").Model?.Reference);
        Assert.Equal(Finch, catalog.Find($"ai/otter@{Finch}").Model?.Id.ToString());
        Assert.Equal(ModelLookupReason.Invalid, catalog.Find("ai/otter@sha256:abc").Reason);
    }

    [Fact]
    public void An_id_that_nothing_has_is_not_pulled()
    {
        ModelLookup lookup = _bed.Catalog().Find("sha256:dddddddddddd");

        Assert.Equal((ModelLookupReason.Unknown, null), (lookup.Reason, lookup.Pullable));
        Assert.Equal("there is no model with the id sha256:dddddddddddd; \"model-runner ls --json\" lists the ids", lookup.Problem);
        Assert.Null(_bed.Catalog().Find("0123456789ab").Pullable);
    }

    [Fact]
    public void A_model_whose_name_another_one_has_is_called_by_its_id()
    {
        string path = _bed.Folder.Write("mine.gguf", SourceBed.Model(9));
        _bed.Models = new Dictionary<string, ModelSettings>(StringComparer.Ordinal) { ["ai/finch:latest"] = new ModelSettings { Path = path } };
        _bed.Add(ArtifactBed.Id("eeeeeeeeeeee", 5), 5, "docker.io/ai/lark:latest", "docker.io/ai/finch:latest");
        ModelCatalog catalog = _bed.Catalog();

        Assert.Equal(path, catalog.Find("ai/finch").Model?.Path);
        Assert.Equal(Finch, catalog.Find($"ai/finch@{Finch}").Model?.Reference);
        Assert.Equal(
            [
                "the model ai/finch:latest of the model store is not used under this name: configuration has a model of this name; it is " + Finch + " here",
                "the model ai/finch:latest of the model store is not used under this name: configuration has a model of this name; it is ai/lark:latest here",
            ],
            catalog.ListProblems());
    }

    [Fact]
    public void A_name_comes_before_an_id_whatever_was_listed_first()
    {
        _bed.Add(ArtifactBed.Id("ffffffffffff", 6), 3, "docker.io/ai/wren:latest");

        ModelEntry model = _bed.Catalog().Find("ai/wren").Model!;

        Assert.Equal("ai/wren:latest", model.Reference);
        Assert.Equal(["sha256:bbbbbbbbbbbb"], model.OtherNames);
        Assert.Equal([ArtifactBed.Id("ffffffffffff", 6), Wren], model.Manifests.Select(static id => id.ToString()));
        Assert.Equal("ai/wren:latest", _bed.Catalog().Find(Wren).Model?.Reference);
    }
}
