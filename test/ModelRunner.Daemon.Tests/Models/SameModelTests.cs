using Microsoft.Extensions.Time.Testing;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Models;

/// <summary>Two names are one model only if everything that a runner loads is the same.</summary>
public sealed class SameModelTests : IDisposable
{
    private static readonly byte[] Weights = SourceBed.Model(1);
    private static readonly byte[] Eyes = PictureBed.Eyes(1);
    private static readonly byte[] OtherEyes = PictureBed.Eyes(2);

    private readonly PictureBed _bed = new();

    public void Dispose() => _bed.Dispose();

    [Fact]
    public void Equal_weights_with_other_projectors_are_other_models_and_each_is_found_by_its_digest()
    {
        string first = _bed.Add(PictureBed.Own, "lab/seer:one", [Weights], Eyes);
        string second = _bed.Add(PictureBed.Own, "lab/seer:two", [Weights], OtherEyes);
        string blind = _bed.Add(PictureBed.Own, "lab/seer:blind", [Weights]);

        ModelCatalog catalog = _bed.Catalog();

        Assert.Equal(["lab/seer:blind", "lab/seer:one", "lab/seer:two"], catalog.List().Select(static model => model.Reference));
        Assert.Equal([null, BlobOf(Eyes), BlobOf(OtherEyes)], catalog.List().Select(static model => model.ProjectorPath));
        foreach ((string id, string name) in (ReadOnlySpan<(string, string)>)[(first, "lab/seer:one"), (second, "lab/seer:two"), (blind, "lab/seer:blind")])
        {
            Assert.Equal(name, catalog.Find(id).Model!.Reference);
            Assert.Equal(name, catalog.Find($"lab/seer:one@{id}").Model!.Reference);
        }

        Assert.Equal(3, catalog.Sizes.Single(static source => source.Source == "pulled").Models);
    }

    [Fact]
    public void Equal_weights_with_equal_projectors_are_one_model_wherever_they_are()
    {
        _bed.Add(PictureBed.Own, "lab/seer:one", [Weights], Eyes, "{{ x }}"u8.ToArray());
        _bed.Add(PictureBed.Docker, "lab/watcher:latest", [Weights], Eyes, "{{ x }}"u8.ToArray());
        _bed.Add(PictureBed.Own, "lab/plain:one", [Weights], Eyes);
        _bed.Folder.AddToHuggingFace("lab/plain", "Plain-Q4_0.gguf", Weights);
        _bed.Folder.AddToHuggingFace("lab/plain", "mmproj-F16.gguf", Eyes);
        _bed.Folder.AddToHuggingFace("lab/other", "Other-Q4_0.gguf", Weights);
        _bed.Folder.AddToHuggingFace("lab/other", "mmproj-F16.gguf", OtherEyes);

        Assert.Equal(
            ["huggingface.co/lab/other:Q4_0=", "lab/plain:one=huggingface.co/lab/plain:Q4_0", "lab/seer:one=lab/watcher:latest"],
            _bed.Catalog().List().Select(static model => $"{model.Reference}={string.Join(' ', model.OtherNames)}"));
    }

    [Fact]
    public void Projectors_of_one_size_are_the_same_only_if_their_inode_or_their_digest_is()
    {
        _bed.Add(PictureBed.Own, "lab/seer:one", [Weights], Eyes);
        _bed.Link(PictureBed.Own, Weights, "studio/lab/seer/Seer-Q4_0.gguf");
        _bed.Link(PictureBed.Own, Eyes, "studio/lab/seer/mmproj-F16.gguf");
        _bed.Link(PictureBed.Own, Weights, "studio/lab/other/Other-Q4_0.gguf");
        _bed.Folder.Write("studio/lab/other/mmproj-F16.gguf", OtherEyes);

        Assert.Equal(Eyes.Length, OtherEyes.Length);
        Assert.Equal(
            ["lab/seer:one=lmstudio/lab/seer:Q4_0", "lmstudio/lab/other:Q4_0="],
            _bed.Catalog().List().Select(static model => $"{model.Reference}={string.Join(' ', model.OtherNames)}"));
    }

    [Fact]
    public void A_file_of_the_models_folder_is_the_pulled_model_only_with_its_projector()
    {
        string blind = _bed.Add(PictureBed.Own, "lab/seer:blind", [Weights]);
        _bed.Link(PictureBed.Own, Weights, "models/seer/own.gguf");
        _bed.Folder.Write("models/seer/mmproj-own.gguf", Eyes);

        ModelCatalog catalog = _bed.Catalog();

        Assert.Equal(["lab/seer:blind", "seer/own:latest"], catalog.List().Select(static model => model.Reference));
        Assert.Null(catalog.Find(blind).Model!.ProjectorPath);

        string seeing = _bed.Add(PictureBed.Own, "lab/seer:one", [Weights], Eyes);
        Assert.Equal("lab/seer:one", _bed.Catalog().Find(seeing).Model!.Reference);

        File.Delete(_bed.Folder.PathOf("models/seer/mmproj-own.gguf"));
        _bed.Link(PictureBed.Own, Eyes, "models/seer/mmproj-own.gguf");
        Assert.Equal("seer/own:latest", _bed.Catalog().Find(seeing).Model!.Reference);
    }

    [Fact]
    public void An_entry_without_projector_is_only_the_models_that_have_none()
    {
        _bed.Add(PictureBed.Own, "lab/seer:blind", [Weights]);
        _bed.Link(PictureBed.Own, Weights, "studio/lab/seer/Seer-Q4_0.gguf");
        _bed.Folder.Write("studio/lab/seer/mmproj-F16.gguf", Eyes);
        var entry = new ModelSettings { Path = _bed.Folder.PathOf("studio/lab/seer/Seer-Q4_0.gguf"), HasNoProjector = true, ContextSize = 512 };

        ModelCatalog catalog = CatalogWith("text:latest", entry);

        Assert.Equal(["lmstudio/lab/seer:Q4_0=", "text:latest=lab/seer:blind"], NamesIn(catalog));
        Assert.Equal(_bed.Folder.PathOf("studio/lab/seer/mmproj-F16.gguf"), catalog.Find("lmstudio/lab/seer:Q4_0").Model!.ProjectorPath);
        Assert.Equal((null, 512), (catalog.Find("lab/seer:blind").Model!.ProjectorPath, catalog.Find("lab/seer:blind").Model!.Settings.ContextSize));
    }

    [Fact]
    public void A_pulled_model_without_its_projector_is_no_model_that_has_it()
    {
        _bed.Add(PictureBed.Own, "lab/seer:one", [Weights], Eyes);
        _bed.Add(PictureBed.Docker, "lab/watcher:latest", [Weights], Eyes);
        _bed.Add(PictureBed.Docker, "lab/blind:latest", [Weights]);

        ModelCatalog catalog = CatalogWith("lab/seer:one", new ModelSettings { HasNoProjector = true });

        Assert.Equal(["lab/seer:one=lab/blind:latest", "lab/watcher:latest="], NamesIn(catalog));
        Assert.Equal((null, true), (catalog.Find("lab/seer:one").Model!.ProjectorPath, catalog.Find("lab/watcher").Model!.ProjectorPath is not null));
    }

    [Fact]
    public void Models_with_an_equal_first_part_are_different_if_a_later_one_is()
    {
        byte[] part = SourceBed.Model(2), otherPart = SourceBed.Model(3);
        string first = _bed.Add(PictureBed.Own, "lab/split:one", [Weights, part]);
        string second = _bed.Add(PictureBed.Own, "lab/split:two", [Weights, otherPart]);
        _bed.Add(PictureBed.Docker, "lab/again:two", [Weights, otherPart]);

        ModelCatalog catalog = _bed.Catalog();

        Assert.Equal("lab/split:one", catalog.Find(first).Model!.Reference);
        Assert.Equal(("lab/split:two", "lab/again:two"), (catalog.Find(second).Model!.Reference, Assert.Single(catalog.Find(second).Model!.OtherNames)));
    }

    private ModelCatalog CatalogWith(string name, ModelSettings settings) => new(
        _bed.Settings with { Models = new Dictionary<string, ModelSettings>(StringComparer.Ordinal) { [name] = settings } }, new FakeTimeProvider());

    private static IEnumerable<string> NamesIn(ModelCatalog catalog) =>
        catalog.List().Select(static model => $"{model.Reference}={string.Join(' ', model.OtherNames)}");

    private string BlobOf(byte[] content) => _bed.Folder.PathOf($"{PictureBed.Own}/blobs/sha256/{ForeignStores.HexOf(content)}");
}
