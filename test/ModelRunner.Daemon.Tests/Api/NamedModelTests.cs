using ModelRunner.Daemon.Api;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Tests.Models;
using ModelRunner.Store.Layout;

namespace ModelRunner.Daemon.Tests.Api;

/// <summary>Manifests with the same weights are one model, of which each name and each id shows its own manifest.</summary>
public sealed class NamedModelTests : IDisposable
{
    private static readonly string First = ArtifactBed.Id("a1", 1);
    private static readonly string Second = ArtifactBed.Id("b2", 2);
    private readonly ArtifactBed _bed = new();

    public NamedModelTests()
    {
        _bed.Add(First, 1, "docker.io/la/x:latest");
        _bed.Add(Second, 1, "docker.io/lb/y:latest", "docker.io/lb/y:v2");
    }

    public void Dispose() => _bed.Dispose();

    [Theory]
    [InlineData("la/x", "la/x:latest", true)]
    [InlineData("x", "la/x:latest", true)]
    [InlineData("lb/y", "lb/y:latest", false)]
    [InlineData(" docker.io/lb/y:v2 ", "lb/y:v2", false)]
    [InlineData("y", "lb/y:latest", false)]
    [InlineData("y:v2", "lb/y:v2", false)]
    [InlineData("la/x@SECOND", "lb/y:latest", false)]
    [InlineData("lb/y:v2@SECOND", "lb/y:v2", false)]
    [InlineData("lb/y@FIRST", "la/x:latest", true)]
    [InlineData("SECOND", "lb/y:latest", false)]
    [InlineData("b20000000000", "lb/y:latest", false)]
    [InlineData("a10000000000", "la/x:latest", true)]
    public void What_was_named_is_shown(string written, string name, bool isFirst)
    {
        string text = written.Replace("FIRST", First, StringComparison.Ordinal).Replace("SECOND", Second, StringComparison.Ordinal);
        using ModelCatalog catalog = _bed.Catalog();
        ModelEntry model = Assert.IsType<ModelEntry>(catalog.Find(text).Model);
        Assert.Single(catalog.List());

        (ModelEntry shown, StoreEntry? entry) = NamedModel.Of(Index(), model, text);

        string id = isFirst ? First : Second;
        Assert.Equal((name, id, id), (shown.Reference, shown.Id.ToString(), entry?.Id.ToString()));
        Assert.Equal(["la/x:latest", "lb/y:latest", "lb/y:v2"], shown.OtherNames.Append(shown.Reference).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void An_id_has_the_name_of_its_own_manifest_also_if_only_the_case_of_the_tag_differs()
    {
        string upper = ArtifactBed.Id("c3", 3);
        _bed.Add(upper, 1, "docker.io/la/x:LATEST");
        using ModelCatalog catalog = _bed.Catalog();

        Assert.Equal("la/x:LATEST", NamedModel.Of(Index(), catalog.Find(upper).Model!, upper).Model.Reference);
        Assert.Equal("la/x:latest", NamedModel.Of(Index(), catalog.Find(First).Model!, First).Model.Reference);
    }

    [Fact]
    public void A_manifest_that_is_not_in_the_store_is_not_described_by_another_one()
    {
        using ModelCatalog catalog = _bed.Catalog();
        ModelEntry model = Assert.IsType<ModelEntry>(catalog.Find(Second).Model);
        StoreIndex index = Index();
        StoreIndex without = index with { Entries = [index.Entries[0]] };

        (ModelEntry shown, StoreEntry? entry) = NamedModel.Of(without, model, Second);

        Assert.Equal((Second, null), (shown.Id.ToString(), entry));
    }

    private StoreIndex Index() => StoreIndexFile.Read(new StoreFolder(_bed.Folder.PathOf("models/store")));
}
