; ModuleID = "collatz_step"
target triple = ""
target datalayout = ""

define void @"collatz_step"(i16 %"start", ptr captures(none) noalias %"steps", ptr captures(none) noalias %"history") nounwind
{
entry:
  %"next" = alloca [8 x i8]
  %".5" = zext i16 %"start" to i32
  br label %"while.head"
while.head:
  %"n" = phi  i32 [%".5", %"entry"], [%"n.1", %"if.end"]
  %"count" = phi  i32 [0, %"entry"], [%".19", %"if.end"]
  %".7" = icmp ugt i32 %"n", 1
  %".8" = icmp slt i32 %"count", 1000
  %".9" = and i1 %".7", %".8"
  br i1 %".9", label %"while.body", label %"while.end"
while.body:
  %".11" = urem i32 %"n", 2
  %".12" = icmp ne i32 %".11", 0
  br i1 %".12", label %"if.then", label %"if.else"
while.end:
  br label %"L0.head"
if.then:
  %".14" = mul i32 3, %"n"
  %".15" = add i32 %".14", 1
  br label %"if.end"
if.else:
  %".17" = udiv i32 %"n", 2
  br label %"if.end"
if.end:
  %"n.1" = phi  i32 [%".15", %"if.then"], [%".17", %"if.else"]
  %".19" = add nsw i32 %"count", 1
  br label %"while.head"
L0.head:
  %".22" = phi  i64 [0, %"while.end"], [%".33", %"L0.body"]
  %".23" = icmp slt i64 %".22", 7
  br i1 %".23", label %"L0.body", label %"L0.end"
L0.body:
  %".25" = trunc i64 %".22" to i32
  %".26" = add nsw i32 %".25", 1
  %".27" = sext i32 %".26" to i64
  %".28" = sext i32 %".25" to i64
  %".29" = getelementptr inbounds i8, ptr %"history", i64 %".28"
  %".30" = load i8, ptr %".29"
  %".31" = getelementptr inbounds i8, ptr %"next", i64 %".27"
  store i8 %".30", ptr %".31"
  %".33" = add i64 %".22", 1
  br label %"L0.head"
L0.end:
  %".35" = trunc i32 %"count" to i8
  %".36" = getelementptr inbounds i8, ptr %"next", i64 0
  store i8 %".35", ptr %".36"
  br label %"L1.head"
L1.head:
  %".39" = phi  i64 [0, %"L0.end"], [%".49", %"L1.body"]
  %".40" = icmp slt i64 %".39", 8
  br i1 %".40", label %"L1.body", label %"L1.end"
L1.body:
  %".42" = trunc i64 %".39" to i32
  %".43" = sext i32 %".42" to i64
  %".44" = sext i32 %".42" to i64
  %".45" = getelementptr inbounds i8, ptr %"next", i64 %".44"
  %".46" = load i8, ptr %".45"
  %".47" = getelementptr inbounds i8, ptr %"history", i64 %".43"
  store i8 %".46", ptr %".47"
  %".49" = add i64 %".39", 1
  br label %"L1.head"
L1.end:
  store i32 %"count", ptr %"steps"
  ret void
}
