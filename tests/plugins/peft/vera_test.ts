import { vera } from "../../../plugins/peft/vera.ts";
import { testAgainstPyTorch } from "./_golden_peft.ts";

testAgainstPyTorch(vera);
