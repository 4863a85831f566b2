using System.Text.Json;
using ModelRunner.GgufGenerator.Gguf;
using ModelRunner.GgufGenerator.Models;
using ModelRunner.Testing;

namespace ModelRunner.GgufGenerator.Tests.Models;

public sealed class MadeModelTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gg-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_embedding_model_is_the_committed_file_byte_for_byte()
    {
        using var made = new MemoryStream();

        EmbeddingModel.Make(GgmlType.F16).Write(made);

        Assert.Equal(File.ReadAllBytes(HostProcess.EmbeddingModel), made.ToArray());
    }

    [Fact]
    public void The_chat_model_has_the_size_and_the_tokenizer_of_the_committed_file()
    {
        byte[] made = File.ReadAllBytes(MakeChat(30_000));
        byte[] committed = File.ReadAllBytes(HostProcess.ChatModel);

        Assert.Equal(committed.Length, made.Length);
        int head = committed.AsSpan().IndexOf("token_embd.weight"u8);
        Assert.Equal(committed[..head], made[..head]);
    }

    [Fact]
    public async Task Llama_host_loads_both()
    {
        await using HostProcess chat = await HostProcess.StartAsync("-m", MakeChat(200), "-c", "512", "-np", "1", "-t", "1");
        await using HostProcess embedding = await HostProcess.StartAsync("-m", MakeEmbedding(), "--embeddings", "-t", "1");

        await AssertServesAsync(chat, embedding);
    }

    [Fact]
    public async Task The_real_llama_server_loads_both()
    {
        string server = RealLlamaServer.Require();
        await using HostProcess chat = await HostProcess.StartAsync(
            server, ["-m", MakeChat(200), "-c", "512", "-np", "1", "-t", "1", "--no-ui"]);
        await using HostProcess embedding = await HostProcess.StartAsync(
            server, ["-m", MakeEmbedding(), "--embeddings", "-t", "1", "--no-ui"]);

        await AssertServesAsync(chat, embedding);
    }

    private static async Task AssertServesAsync(HostProcess chat, HostProcess embedding)
    {
        JsonElement answer = await chat.AskAsync("/v1/chat/completions", HostClient.Chat("hello", ",\"max_tokens\":5,\"ignore_eos\":true"));
        Assert.Equal(5, answer.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        JsonElement vectors = await embedding.AskAsync("/v1/embeddings", """{"input":"hello"}""");
        Assert.Equal(64, vectors.GetProperty("data")[0].GetProperty("embedding").GetArrayLength());
    }

    private string MakeChat(int documents) => Write("chat.gguf", ChatModel.Make(GgmlType.Q8_0, TimeSpan.Zero, documents, _ => { }));

    private string MakeEmbedding() => Write("embed.gguf", EmbeddingModel.Make(GgmlType.Q8_0));

    private string Write(string name, GgufWriter model)
    {
        string path = Path.Join(_folder, name);
        using FileStream file = File.Create(path);
        model.Write(file);
        return path;
    }
}
