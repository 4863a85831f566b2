using ModelRunner.LlamaHost.Grammars;
using ModelRunner.LlamaHost.Http;

namespace ModelRunner.LlamaHost.Tests.Grammars;

public sealed class GbnfCheckTests
{
    [Theory]
    [InlineData("root ::= \"yes\" | \"no\"")]
    [InlineData("root ::= item+\nitem ::= \"- \" [^\\n]* \"\\n\" # a list\n")]
    [InlineData("root ::= ws \"a\" (\",\" ws [a-z]){0,9} ws\nws ::= | \" \" | \"\\n\" [ \\t]{0,20}")]
    [InlineData("root ::= \"\\\"]\" [\\]\"] . <think> !<[5]>")]
    [InlineData("root ::= (\"a\"\n | \"b\") tail?\ntail ::= root")]
    public void An_ordinary_grammar_is_taken(string grammar) => GbnfCheck.Check(grammar);

    // llama.cpp would follow every one of the ways, whose number doubles with each repetition.
    [Theory]
    [InlineData("root ::= (\"a\"? | \"b\"?){0,100} \"c\"", "several ways")]
    [InlineData("root ::= x*\nx ::= y\ny ::= | \"b\"", "several ways")]
    [InlineData("root ::= a b\na ::= b | c\nb ::= \"\"\nc ::= \"x\"*", "several ways")]
    [InlineData("root ::= \"a\"??", "several ways")]
    [InlineData("root ::= \"a\"{0,6000}", "5000 repetitions")]
    [InlineData("root ::= \"a\"{99999999999}", "5000 repetitions")]
    [InlineData("root ::= \"a", "character 12")]
    [InlineData("root ::= \"a\"??????", "not GBNF")]
    [InlineData("root = \"a\"", "character 6")]
    [InlineData("root ::= )", "character 10")]
    [InlineData("root ::= \"a\"\nroot ::= \"b\"", "twice")]
    public void A_harmful_one_is_refused(string grammar, string part) =>
        Assert.Contains(part, Assert.Throws<ApiException>(() => GbnfCheck.Check(grammar)).Message);

    [Fact]
    public void Size_and_depth_are_limited()
    {
        GbnfCheck.Check("root ::= " + new string('(', 64) + "\"a\"" + new string(')', 64));

        Assert.Throws<ApiException>(() => GbnfCheck.Check("root ::= " + new string('(', 65) + "\"a\"" + new string(')', 65)));
        Assert.Throws<ApiException>(() => GbnfCheck.Check("root ::= \"" + new string('a', 65_536) + "\""));
        Assert.Throws<ApiException>(() => GbnfCheck.Check(string.Concat(Enumerable.Range(0, 2002).Select(i => $"r{i} ::= \"a\"\n"))));
    }
}
