using Microsoft.Extensions.Time.Testing;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Tests.Gguf;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Models;

public sealed class ModelVariantsTests : IDisposable
{
    private readonly TemporaryFolder _store = new();

    public void Dispose() => _store.Dispose();

    [Theory]
    [InlineData("fox-q4_k_m", "fox")]
    [InlineData("fox.iq2_xxs", "fox")]
    [InlineData("fox_q8_0", "fox")]
    [InlineData("lab/fox-7b-f16", "lab/fox-7b")]
    [InlineData("fox:q4_0", "fox")]
    [InlineData("q4_0", "q4_0")]
    [InlineData("fox-v2", "fox-v2")]
    [InlineData("fox-q4_0-chat", "fox-q4_0-chat")]
    public void The_quantization_at_the_end_does_not_count(string reference, string name) =>
        Assert.Equal(name, ModelVariants.BaseOf(ModelReference.FromCanonical(reference)));

    [Fact]
    public void Variants_have_the_same_name_with_another_tag_or_another_quantization()
    {
        ModelCatalog catalog = Catalog();

        Assert.Equal(["fox-q5_k_m:latest", "fox:q4_0"], VariantsOf(catalog, "fox:q8_0"));
        Assert.Equal(["fox:q4_0", "fox:q8_0"], VariantsOf(catalog, "fox-q5_k_m"));
        Assert.Empty(VariantsOf(catalog, "foxy"));
    }

    [Fact]
    public void A_key_learns_of_no_variant_that_it_may_not_use()
    {
        ModelCatalog catalog = Catalog();
        ModelEntry model = catalog.Find("fox:q8_0").Model!;
        var key = new KeySettings("ada", KeyDigest.Of("a")) { Models = [ModelPattern.TryParse("fox:*", out _)!] };

        Assert.Equal(["fox:q4_0"], new ModelRights(catalog).FindVariants(new Caller("ada", key), model).Select(static variant => variant.Reference));
    }

    private static IEnumerable<string> VariantsOf(ModelCatalog catalog, string name) =>
        catalog.FindVariants(catalog.Find(name).Model!).Select(static model => model.Reference).Order(StringComparer.Ordinal);

    private ModelCatalog Catalog()
    {
        foreach ((string file, uint number) in new[] { ("fox:q4_0.gguf", 1u), ("fox:q8_0.gguf", 2u), ("fox-q5_k_m.gguf", 3u), ("foxy.gguf", 4u) })
            _store.Write(file, GgufBuilder.Llama().UInt32("test.number", number).Build());
        var catalog = new ModelCatalog(new DaemonSettings { Listen = new ListenSettings("/tmp/x.sock", null), ModelsPath = _store.Path }, new FakeTimeProvider());
        catalog.List();
        return catalog;
    }
}
