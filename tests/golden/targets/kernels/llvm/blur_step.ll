; ModuleID = "blur_step"
target triple = ""
target datalayout = ""

define void @"blur_step"(ptr captures(none) noalias readonly %"image", ptr captures(none) noalias %"smooth", ptr captures(none) noalias %"peak") nounwind
{
entry:
  br label %"L0.head"
L0.head:
  %".6" = phi  i64 [0, %"entry"], [%".64", %"L1.end"]
  %".7" = icmp slt i64 %".6", 9
  br i1 %".7", label %"L0.body", label %"L0.end"
L0.body:
  %".9" = trunc i64 %".6" to i32
  br label %"L1.head"
L0.end:
  br label %"L4.head"
L1.head:
  %".11" = phi  i64 [0, %"L0.body"], [%".62", %"L2.end"]
  %".12" = icmp slt i64 %".11", 13
  br i1 %".12", label %"L1.body", label %"L1.end"
L1.body:
  %".14" = trunc i64 %".11" to i32
  br label %"L2.head"
L1.end:
  %".64" = add i64 %".6", 1
  br label %"L0.head"
L2.head:
  %".16" = phi  i64 [-2, %"L1.body"], [%".53", %"L3.end"]
  %"sum" = phi  i32 [0, %"L1.body"], [%"sum.1", %"L3.end"]
  %".17" = icmp slt i64 %".16", 3
  br i1 %".17", label %"L2.body", label %"L2.end"
L2.body:
  %".19" = trunc i64 %".16" to i32
  %".20" = add nsw i32 %".9", %".19"
  %".21" = icmp slt i32 %".20", 0
  %".22" = icmp sge i32 %".20", 9
  %".23" = select  i1 %".22", i32 8, i32 %".20"
  %".24" = select  i1 %".21", i32 0, i32 %".23"
  br label %"L3.head"
L2.end:
  %".55" = sext i32 %".9" to i64
  %".56" = sext i32 %".14" to i64
  %".57" = add nsw i32 %"sum", 128
  %".58" = ashr i32 %".57", 8
  %".59" = trunc i32 %".58" to i8
  %".60" = getelementptr inbounds [13 x i8], ptr %"smooth", i64 %".55", i64 %".56"
  store i8 %".59", ptr %".60"
  %".62" = add i64 %".11", 1
  br label %"L1.head"
L3.head:
  %".26" = phi  i64 [-2, %"L2.body"], [%".51", %"L3.body"]
  %"sum.1" = phi  i32 [%"sum", %"L2.body"], [%".50", %"L3.body"]
  %".27" = icmp slt i64 %".26", 3
  br i1 %".27", label %"L3.body", label %"L3.end"
L3.body:
  %".29" = trunc i64 %".26" to i32
  %".30" = add nsw i32 %".14", %".29"
  %".31" = icmp slt i32 %".30", 0
  %".32" = icmp sge i32 %".30", 13
  %".33" = select  i1 %".32", i32 12, i32 %".30"
  %".34" = select  i1 %".31", i32 0, i32 %".33"
  %".35" = add nsw i32 %".19", 2
  %".36" = sext i32 %".35" to i64
  %".37" = getelementptr inbounds i32, ptr @"blur_step.K", i64 %".36"
  %".38" = load i32, ptr %".37"
  %".39" = add nsw i32 %".29", 2
  %".40" = sext i32 %".39" to i64
  %".41" = getelementptr inbounds i32, ptr @"blur_step.K", i64 %".40"
  %".42" = load i32, ptr %".41"
  %".43" = mul nsw i32 %".38", %".42"
  %".44" = sext i32 %".24" to i64
  %".45" = sext i32 %".34" to i64
  %".46" = getelementptr inbounds [13 x i8], ptr %"image", i64 %".44", i64 %".45"
  %".47" = load i8, ptr %".46"
  %".48" = zext i8 %".47" to i32
  %".49" = mul nsw i32 %".43", %".48"
  %".50" = add nsw i32 %"sum.1", %".49"
  %".51" = add i64 %".26", 1
  br label %"L3.head"
L3.end:
  %".53" = add i64 %".16", 1
  br label %"L2.head"
L4.head:
  %".67" = phi  i64 [0, %"L0.end"], [%".94", %"L5.end"]
  %".68" = icmp slt i64 %".67", 9
  br i1 %".68", label %"L4.body", label %"L4.end"
L4.body:
  %".70" = trunc i64 %".67" to i32
  br label %"L5.head"
L4.end:
  ret void
L5.head:
  %".72" = phi  i64 [0, %"L4.body"], [%".92", %"if.end"]
  %".73" = icmp slt i64 %".72", 13
  br i1 %".73", label %"L5.body", label %"L5.end"
L5.body:
  %".75" = trunc i64 %".72" to i32
  %".76" = sext i32 %".70" to i64
  %".77" = sext i32 %".75" to i64
  %".78" = getelementptr inbounds [13 x i8], ptr %"smooth", i64 %".76", i64 %".77"
  %".79" = load i8, ptr %".78"
  %".80" = load i32, ptr %"peak"
  %".81" = zext i8 %".79" to i32
  %".82" = icmp sgt i32 %".81", %".80"
  br i1 %".82", label %"if.then", label %"if.else"
L5.end:
  %".94" = add i64 %".67", 1
  br label %"L4.head"
if.then:
  %".84" = sext i32 %".70" to i64
  %".85" = sext i32 %".75" to i64
  %".86" = getelementptr inbounds [13 x i8], ptr %"smooth", i64 %".84", i64 %".85"
  %".87" = load i8, ptr %".86"
  %".88" = zext i8 %".87" to i32
  store i32 %".88", ptr %"peak"
  br label %"if.end"
if.else:
  br label %"if.end"
if.end:
  %".92" = add i64 %".72", 1
  br label %"L5.head"
}

@"blur_step.K" = private unnamed_addr constant [5 x i32] [i32 1, i32 4, i32 6, i32 4, i32 1]