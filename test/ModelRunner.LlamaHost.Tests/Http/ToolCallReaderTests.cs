using CsCheck;
using ModelRunner.LlamaHost.Http.Completions;
using ModelRunner.LlamaHost.Tools;

namespace ModelRunner.LlamaHost.Tests.Http;

public sealed class ToolCallReaderTests
{
    private static readonly ToolSet Tools = new([new ToolDefinition("f", "{}", null)], [], true);

    [Theory]
    [InlineData("Hello there.", "Hello there.", "")]
    [InlineData("a < b <tool", "a < b <tool", "")]
    [InlineData("<tool_call>\n{\"name\": \"f\", \"arguments\": {\"x\": 1}}\n</tool_call>", "", "{\"x\": 1}")]
    [InlineData("Look:\n<tool_call>{\"name\":\"f\",\"arguments\":{}}</tool_call>\n<tool_call>{\"name\":\"f\"}</tool_call>\n", "Look:", "{}|{}")]
    [InlineData("<tool_call>{\"name\":\"f\",\"arguments\":[]}", "", "[]")]
    [InlineData("<tool_call>{\"name\":\"g\"}</tool_call>", "<tool_call>{\"name\":\"g\"}</tool_call>", "")]
    [InlineData("<tool_call>{broken</tool_call> x", "<tool_call>{broken</tool_call> x", "")]
    public void Text_and_calls_are_told_apart_however_they_are_cut(string answer, string text, string arguments) =>
        Gen.Int[1, 7].Array[1, 80].Sample(lengths =>
        {
            var reader = new ToolCallReader(Tools);
            var pieces = new List<AnswerPiece>();
            for (int at = 0, i = 0; at < answer.Length; i++)
            {
                int length = Math.Min(lengths[i % lengths.Length], answer.Length - at);
                pieces.AddRange(reader.Add(answer.Substring(at, length)));
                at += length;
            }

            pieces.AddRange(reader.Finish());
            Assert.Equal(text, string.Concat(pieces.Select(piece => piece.Text)));
            Assert.Equal(arguments, string.Join('|', pieces.Where(piece => piece.Call is not null).Select(piece => piece.Call!.Arguments)));
            Assert.Equal(arguments.Length > 0, reader.HasCalls);
        }, iter: 100);
}
