import { boft } from "../../../plugins/peft/boft.ts";
import { testAgainstPyTorch } from "./_golden_peft.ts";

testAgainstPyTorch(boft);
