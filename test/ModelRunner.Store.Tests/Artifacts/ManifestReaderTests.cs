using System.Text;
using CsCheck;
using ModelRunner.Store.Artifacts;

namespace ModelRunner.Store.Tests.Artifacts;

public sealed class ManifestReaderTests
{
    private const string Digest = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    private const string OtherDigest = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    private const string Config = $$"""{"mediaType":"{{MediaTypes.ConfigV2}}","digest":"{{Digest}}","size":2}""";

    [Fact]
    public void A_manifest_is_read_with_the_paths_of_its_files()
    {
        ArtifactManifest manifest = Read($$$"""
            {"config":{{{Config}}},"layers":[
              {"mediaType":"{{{MediaTypes.File}}}","digest":"{{{Digest}}}","size":7,"annotations":{"{{{MediaTypes.FilePath}}}":"a/mmproj-x.gguf"}},
              {"mediaType":"{{{MediaTypes.Gguf}}}","digest":"{{{OtherDigest}}}","size":9}]}
            """)!;

        Assert.Equal(MediaTypes.ConfigV2, manifest.Config.MediaType);
        Assert.Equal([LayerRole.Projector, LayerRole.Weights], manifest.Layers.Select(LayerRoles.Of));
        Assert.Equal("a/mmproj-x.gguf", manifest.Layers[0].FilePath);
        Assert.Null(manifest.FindProblem());
        Assert.Equal(2, manifest.Files.Count); // The configuration and the projector have the same digest.
        Assert.Equal(11, manifest.TotalBytes);
    }

    [Fact]
    public void An_empty_file_is_no_model()
    {
        ArtifactManifest manifest = Read($$$"""
            {"config":{{{Config}}},"layers":[{"mediaType":"{{{MediaTypes.Gguf}}}","digest":"{{{OtherDigest}}}","size":0}]}
            """)!;

        Assert.Equal("has the empty file bbbbbbbbbbbb in place of weights; its publisher must push it again", manifest.FindProblem());
    }

    [Theory]
    [InlineData(MediaTypes.Gguf, null, nameof(LayerRole.Weights))]
    [InlineData(MediaTypes.Projector, null, nameof(LayerRole.Projector))]
    [InlineData(MediaTypes.ChatTemplate, null, nameof(LayerRole.ChatTemplate))]
    [InlineData(MediaTypes.License, null, nameof(LayerRole.License))]
    [InlineData(MediaTypes.File, "x/Model.GGUF", nameof(LayerRole.Weights))]
    [InlineData(MediaTypes.File, "x/chat_template.jinja", nameof(LayerRole.ChatTemplate))]
    [InlineData(MediaTypes.File, "LICENSE.txt", nameof(LayerRole.License))]
    [InlineData(MediaTypes.File, "config.json", nameof(LayerRole.Other))]
    [InlineData(MediaTypes.CncfRawWeight, "m.gguf", nameof(LayerRole.Weights))]
    [InlineData(MediaTypes.CncfRawWeight, "m.safetensors", nameof(LayerRole.ForeignWeights))]
    [InlineData("application/vnd.cncf.model.weight.v1.tar+gzip", "m.gguf", nameof(LayerRole.ForeignWeights))]
    [InlineData(MediaTypes.CncfOldGguf, "mmproj.gguf", nameof(LayerRole.Projector))]
    [InlineData("application/vnd.docker.ai.safetensors", null, nameof(LayerRole.ForeignWeights))]
    [InlineData("text/plain", "m.gguf", nameof(LayerRole.Other))]
    public void The_type_and_the_path_of_a_layer_say_what_it_is_for(string type, string? path, string role)
    {
        string annotations = path is null ? "" : $$$""","annotations":{"{{{MediaTypes.FilePath}}}":"{{{path}}}"}""";
        ArtifactManifest manifest = Read($$$"""{"config":{{{Config}}},"layers":[{"mediaType":"{{{type}}}","digest":"{{{Digest}}}","size":7{{{annotations}}}}]}""")!;

        Assert.Equal(role, LayerRoles.Of(Assert.Single(manifest.Layers)).ToString());
        Assert.Equal(role == nameof(LayerRole.Weights), manifest.FindProblem() is null);
    }

    [Theory]
    [InlineData("", "is not JSON")]
    [InlineData("[]", "is no JSON object")]
    [InlineData("{}", "has no valid \"config\"")]
    [InlineData($$$"""{"config":{"mediaType":"a","digest":"sha256:x","size":2},"layers":[]}""", "has no valid \"config\"")]
    [InlineData($$$"""{"config":{{{Config}}}}""", "has no list \"layers\"")]
    [InlineData($$$"""{"config":{{{Config}}},"layers":{}}""", "has no list \"layers\"")]
    [InlineData($$$"""{"config":{{{Config}}},"layers":[{"mediaType":"a","digest":"{{{Digest}}}","size":-1}]}""", "has an entry in \"layers\"")]
    [InlineData($$$"""{"config":{{{Config}}},"layers":[{"mediaType":"a","digest":"{{{Digest}}}","size":9e99}]}""", "has an entry in \"layers\"")]
    [InlineData($$$"""{"config":{{{Config}}},"layers":[{"mediaType":"a","digest":"{{{Digest}}}","size":"7"}]}""", "has an entry in \"layers\"")]
    [InlineData($$$"""{"config":{{{Config}}},"layers":[{"mediaType":"\ud800","digest":"{{{Digest}}}","size":7}]}""", "has an entry in \"layers\"")]
    [InlineData("""{"a":[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]}""", "is not JSON")]
    public void Another_file_is_refused_with_the_reason(string text, string expected)
    {
        Assert.Null(ManifestReader.TryRead(Encoding.UTF8.GetBytes(text), out string? problem));
        Assert.StartsWith(expected, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("m-00002-of-00002.gguf m-00001-of-00002.gguf", "m-00001-of-00002.gguf m-00002-of-00002.gguf")]
    [InlineData("m-Q4_K_M.gguf m-Q8_0.gguf", null)]
    [InlineData("m-00001-of-00003.gguf m-00002-of-00003.gguf", null)]
    [InlineData("m-00001-of-00002.gguf n-00002-of-00002.gguf", null)]
    [InlineData("m-00001-of-00002.gguf m-00001-of-00002.gguf", null)]
    public void Files_with_paths_are_the_parts_of_one_model_in_their_order(string paths, string? ordered)
    {
        string layers = string.Join(',', paths.Split(' ').Select(static (path, number) => $$$"""
            {"mediaType":"{{{MediaTypes.File}}}","digest":"{{{(number == 0 ? Digest : OtherDigest)}}}","size":1,"annotations":{"{{{MediaTypes.FilePath}}}":"{{{path}}}"}}
            """));
        ArtifactManifest manifest = Read($$$"""{"config":{{{Config}}},"layers":[{{{layers}}}]}""")!;

        IReadOnlyList<Descriptor> parts = ModelParts.Of(manifest, out string? problem);

        Assert.Equal(ordered is null, problem is not null);
        Assert.Equal(problem, manifest.FindProblem());
        if (ordered is not null)
            Assert.Equal(ordered, string.Join(' ', parts.Select(static part => part.FilePath)));
    }

    [Fact]
    public void Sizes_and_numbers_are_limited()
    {
        Assert.Null(ManifestReader.TryRead(new byte[ManifestReader.MaxBytes + 1], out string? problem));
        Assert.Contains("larger than", problem, StringComparison.Ordinal);

        string layer = $$"""{"mediaType":"a","digest":"{{OtherDigest}}","size":{{Descriptor.MaxSize}}}""";
        ArtifactManifest most = Read($$$"""{"config":{{{Config}}},"layers":[{{{string.Join(',', Enumerable.Repeat(layer, ManifestReader.MaxLayers))}}}]}""")!;
        Assert.Equal(Descriptor.MaxSize + 2, most.TotalBytes);
        Assert.Null(Read($$$"""{"config":{{{Config}}},"layers":[{{{string.Join(',', Enumerable.Repeat(layer, ManifestReader.MaxLayers + 1))}}}]}"""));
    }

    [Fact]
    public void A_list_of_manifests_keeps_what_chooses_among_them()
    {
        IReadOnlyList<Descriptor> list = ManifestReader.TryReadIndex(
            Encoding.UTF8.GetBytes($$$"""
                {"mediaType":"{{{MediaTypes.OciIndex}}}","manifests":[{"mediaType":"{{{MediaTypes.OciManifest}}}","digest":"{{{Digest}}}","size":1,
                 "artifactType":"t","platform":{"os":"linux","architecture":"amd64"}}]}
                """),
            out _)!;

        Assert.Equal(("t", "linux/amd64"), (list[0].ArtifactType, list[0].Platform));
    }

    [Fact]
    public void Any_change_of_a_valid_manifest_is_read_or_refused_without_an_exception()
    {
        byte[] valid = MadeArtifact.Of([1], [2]).Manifest;

        Gen.Select(Gen.Int[0, valid.Length - 1], Gen.Byte, Gen.Int[0, valid.Length]).Sample(
            (place, value, length) =>
            {
                byte[] changed = [.. valid];
                changed[place] = value;
                ManifestReader.TryRead(changed.AsMemory(0, length), out _);
                ConfigReader.Read(changed.AsMemory(0, length));
            },
            iter: 20_000);
    }

    [Fact]
    public void Both_kinds_of_configuration_are_read()
    {
        ArtifactConfig docker = ConfigReader.Read("""
            {"config":{"format":"gguf","quantization":"MOSTLY_Q4_K_M","parameters":"361.82M","architecture":"llama","size":"256.35MiB","context_size":8192},
             "descriptor":{"created":"2026-01-02T03:04:05Z"}}
            """u8.ToArray());
        Assert.Equal(("gguf", "MOSTLY_Q4_K_M", "361.82M", "llama", "256.35MiB", 8192), (docker.Format, docker.Quantization, docker.Parameters, docker.Architecture, docker.Size, docker.ContextSize));
        Assert.Equal(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero), docker.Created);

        ArtifactConfig cncf = ConfigReader.Read("""{"descriptor":{"createdAt":"2026-01-02T03:04:05Z"},"config":{"paramSize":"8b","format":7,"quantization":"\ud800"}}"""u8.ToArray());
        Assert.Equal(("8b", "", ""), (cncf.Parameters, cncf.Format, cncf.Quantization));
        Assert.NotNull(cncf.Created);
    }

    private static ArtifactManifest? Read(string text) => ManifestReader.TryRead(Encoding.UTF8.GetBytes(text), out _);
}
