using System.Text;
using System.Text.Json;
using LLama.Native;
using ModelRunner.LlamaHost.Generation;
using ModelRunner.LlamaHost.Loading;

namespace ModelRunner.LlamaHost.Http.Completions;

/// <summary>Writes the probabilities of tokens, in the format of OpenAI's chats with the id of each token added, as llama-server does.</summary>
internal sealed class ProbabilityWriter(LoadedModel model)
{
    /// <summary>Writes the member <c>logprobs</c>.</summary>
    public void Write(Utf8JsonWriter writer, IReadOnlyList<TokenProbability> tokens)
    {
        writer.WriteStartObject("logprobs");
        writer.WriteStartArray("content");
        foreach (TokenProbability token in tokens)
        {
            writer.WriteStartObject();
            WriteToken(writer, token.Token, token.Logarithm);
            writer.WriteStartArray("top_logprobs");
            foreach ((LLamaToken other, float logarithm) in token.Top)
            {
                writer.WriteStartObject();
                WriteToken(writer, other, logarithm);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private void WriteToken(Utf8JsonWriter writer, LLamaToken token, float logarithm)
    {
        byte[] bytes = model.PieceOf(token, showsSpecial: false);
        writer.WriteNumber("id", (int)token);
        writer.WriteString("token", Encoding.UTF8.GetString(bytes));
        writer.WriteStartArray("bytes");
        foreach (byte part in bytes)
            writer.WriteNumberValue(part);
        writer.WriteEndArray();
        writer.WriteNumber("logprob", logarithm);
    }
}
